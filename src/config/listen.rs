//! Addresses to listen on.

use super::error::BadValue;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// One `--listen` as it was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listen {
    /// A port, or `localhost:PORT`: both loopback addresses.
    Loopback(u16),
    /// An address and a port.
    Address(SocketAddr),
}

/// One address to listen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListenAddress {
    /// The address; port 0 lets the system choose.
    pub address: SocketAddr,
    /// Whether it is a failure if it cannot be had. The IPv6 half of a loopback pair is not required:
    /// not every machine has IPv6.
    pub required: bool,
}

impl Listen {
    /// 127.0.0.1:7117 and `[::1]`:7117.
    pub const DEFAULT: Self = Self::Loopback(7117);

    /// The addresses it stands for.
    pub fn addresses(self) -> Vec<ListenAddress> {
        match self {
            Self::Address(address) => vec![ListenAddress { address, required: true }],
            Self::Loopback(port) => {
                let v4 =
                    ListenAddress { address: (IpAddr::V4(Ipv4Addr::LOCALHOST), port).into(), required: true };
                let v6 = ListenAddress {
                    address: (IpAddr::V6(Ipv6Addr::LOCALHOST), port).into(),
                    required: false,
                };
                // Two free ports would be two different ones.
                if port == 0 { vec![v4] } else { vec![v4, v6] }
            }
        }
    }
}

impl FromStr for Listen {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Address(address));
        }
        let port = text.strip_prefix("localhost:").unwrap_or(text);
        if let Ok(port) = port.parse() {
            return Ok(Self::Loopback(port));
        }
        Err(BadValue::new(if text.parse::<IpAddr>().is_ok() {
            "the port is missing: write `ADDRESS:PORT`, with `[…]` around an IPv6 address"
        } else if text.contains("://") {
            "write `ADDRESS:PORT` without a scheme"
        } else {
            "expected `ADDRESS:PORT`, `localhost:PORT` or a port up to 65535"
        }))
    }
}
