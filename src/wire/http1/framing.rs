//! How long a body is (RFC 9112 §6.3).

use super::{Head, Problem};

/// How the end of a body is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    None,
    /// So many bytes.
    Length(u64),
    /// Chunks, up to the empty one and its trailers.
    Chunked,
    /// Everything up to the end of the connection.
    UntilClose,
}

impl Framing {
    /// The framing of a request's body.
    ///
    /// # Errors
    /// Whatever two readers could read in two ways.
    pub fn of_request(head: &Head, minor: u8) -> Result<Self, Problem> {
        let framing = |name: &str| ["content-length", "transfer-encoding", "host"].contains(&name);
        for field in head.fields().filter(|field| field.folded) {
            let name = String::from_utf8_lossy(field.name).to_ascii_lowercase();
            if framing(&name) || name == "connection" {
                return Err(Problem::Folded);
            }
        }
        let coded = head.all("transfer-encoding").next().is_some();
        let length = one_length(head.all("content-length").map(|field| field.value))?;
        match (coded, length) {
            (true, Some(_)) => Err(Problem::LengthAndCoding),
            (true, None) if minor == 0 => Err(Problem::CodingInHttp10),
            (true, None) => {
                let codings: Vec<&[u8]> = head.tokens("transfer-encoding").collect();
                let chunked = codings.iter().filter(|coding| coding.eq_ignore_ascii_case(b"chunked")).count();
                let last = codings.last().is_some_and(|coding| coding.eq_ignore_ascii_case(b"chunked"));
                let all_named = codings.iter().all(|coding| !coding.is_empty());
                if chunked == 1 && last && all_named { Ok(Self::Chunked) } else { Err(Problem::Coding) }
            }
            (false, Some(0) | None) => Ok(Self::None),
            (false, Some(length)) => Ok(Self::Length(length)),
        }
    }

    /// The framing of the body of a final answer to a request of `method`. Where its length says nothing, or two
    /// things, apps differ in what they make of it: what counts then is the end of the connection.
    pub fn of_answer(head: &Head, method: &[u8], status: u16) -> Self {
        if method == b"HEAD" || matches!(status, 100..200 | 204 | 304) {
            return Self::None;
        }
        if head.all("transfer-encoding").next().is_some() {
            let chunked = head
                .tokens("transfer-encoding")
                .last()
                .is_some_and(|coding| coding.eq_ignore_ascii_case(b"chunked"));
            return if chunked { Self::Chunked } else { Self::UntilClose };
        }
        // Several lines may have become one on the way (RFC 9110 §8.6).
        let said = one_length(head.tokens("content-length"));
        said.ok().flatten().map_or(Self::UntilClose, Self::Length)
    }
}

/// The one length that all of these say.
fn one_length<'a>(said: impl Iterator<Item = &'a [u8]>) -> Result<Option<u64>, Problem> {
    let mut length = None;
    for said in said {
        let digits = std::str::from_utf8(said).ok();
        let said = digits
            .filter(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|digits| digits.parse::<u64>().ok())
            .filter(|length| i64::try_from(*length).is_ok())
            .ok_or(Problem::Length)?;
        if length.is_some_and(|before| before != said) {
            return Err(Problem::Length);
        }
        length = Some(said);
    }
    Ok(length)
}
