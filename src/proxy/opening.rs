//! What a connection speaks, by its first bytes.

use super::stream::Stream;
use std::io;

/// What a connection begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    /// A TLS handshake.
    Tls,
    /// A request for a tunnel.
    Connect,
    /// Something that can be a request, or nothing at all.
    Http,
    /// Something else.
    Foreign,
}

/// The first byte of a TLS record that holds a handshake (RFC 8446 §5.1).
const HANDSHAKE: u8 = 0x16;

const CONNECT: &[u8] = b"CONNECT ";

/// No method is longer.
const LONGEST_METHOD: usize = 32;

/// Reads as much as it takes to tell. What was read is read again by whoever is next.
///
/// # Errors
/// Where the connection breaks before anything can be told.
pub(super) async fn of(stream: &mut Stream) -> io::Result<Opening> {
    loop {
        if let Some(opening) = told_by(stream.unread()) {
            return Ok(opening);
        }
        if stream.look_further().await? == 0 {
            return Ok(Opening::Http);
        }
    }
}

/// The same inside a tunnel, where anything may be spoken: only a whole method counts as HTTP.
pub(super) fn in_tunnel(bytes: &[u8]) -> Option<Opening> {
    match bytes {
        [] => None,
        [HANDSHAKE, ..] => Some(Opening::Tls),
        _ => {
            let method = bytes.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
            match bytes.get(method) {
                None if method <= LONGEST_METHOD => None,
                Some(b' ') if method > 0 => Some(Opening::Http),
                _ => Some(Opening::Foreign),
            }
        }
    }
}

fn told_by(bytes: &[u8]) -> Option<Opening> {
    let first = bytes.first()?;
    if *first == HANDSHAKE {
        return Some(Opening::Tls);
    }
    if !(first.is_ascii_alphanumeric() || b"\r\n!#$%&'*+-.^_`|~".contains(first)) {
        return Some(Opening::Foreign);
    }
    if bytes.starts_with(CONNECT) {
        return Some(Opening::Connect);
    }
    if CONNECT.starts_with(bytes) { None } else { Some(Opening::Http) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell() {
        for (bytes, outside, inside) in [
            (&b""[..], None, None),
            (b"\x16\x03\x01", Some(Opening::Tls), Some(Opening::Tls)),
            (b"G", Some(Opening::Http), None),
            (b"C", None, None),
            (b"CONNECT", None, None),
            (b"CONNECT a:1 HTTP/1.1", Some(Opening::Connect), Some(Opening::Http)),
            (b"COPY /", Some(Opening::Http), Some(Opening::Http)),
            (b"PRI * HTTP/2.0", Some(Opening::Http), Some(Opening::Http)),
            (b"\r\nGET /", Some(Opening::Http), Some(Opening::Foreign)),
            (b"SSH-2.0-x", Some(Opening::Http), Some(Opening::Foreign)),
            (b"*1\r\n", Some(Opening::Http), Some(Opening::Foreign)),
            (b"\x00\x00", Some(Opening::Foreign), Some(Opening::Foreign)),
            (&[b'A'; 40], Some(Opening::Http), Some(Opening::Foreign)),
        ] {
            assert_eq!(told_by(bytes), outside, "{bytes:?}");
            assert_eq!(in_tunnel(bytes), inside, "{bytes:?} in a tunnel");
        }
    }
}
