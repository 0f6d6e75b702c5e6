//! How long a `retry-after` the SDKs heed.

use crate::digest::{Sdk, SdkName};
use crate::exchange::time::Micros;

/// What an SDK does with a `retry-after` above its cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beyond {
    /// Waits its own short time and asks again.
    Ignores,
    /// Does not ask again.
    GivesUp,
}

/// The longest `retry-after` that this SDK waits for, and what it does above; `None` where that is not known,
/// or where it waits for any. Sources: the SDKs' own code, `_base_client.py` and `client.ts`, and
/// `retry-with-exponential-backoff.ts` of the AI SDK.
pub(super) fn sdk_cap(sdk: &Sdk) -> Option<(Micros, Beyond)> {
    const MINUTE: Micros = Micros(60_000_000);
    let version = version(sdk);
    match sdk.name {
        SdkName::OpenAiPython if version? < (2, 52) => Some((MINUTE, Beyond::Ignores)),
        SdkName::OpenAiPython => Some((Micros(120_000_000), Beyond::GivesUp)),
        SdkName::OpenAiNode if version?.0 >= 7 => Some((MINUTE, Beyond::Ignores)),
        SdkName::AnthropicPython if version?.0 == 0 => Some((MINUTE, Beyond::Ignores)),
        SdkName::AiSdk => Some((MINUTE, Beyond::Ignores)),
        _ => None,
    }
}

/// Whether this SDK sleeps for as long as a `retry-after` says, however long that is.
pub(super) fn sleeps(sdk: &Sdk) -> bool {
    match sdk.name {
        SdkName::OpenAiNode => version(sdk).is_some_and(|version| version.0 == 6),
        SdkName::AnthropicPython => version(sdk).is_some_and(|version| version.0 >= 2),
        SdkName::AnthropicNode => true,
        _ => false,
    }
}

/// The first two numbers of its version.
fn version(sdk: &Sdk) -> Option<(u32, u32)> {
    let mut parts = sdk.version.as_deref()?.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next().flatten().unwrap_or_default()))
}
