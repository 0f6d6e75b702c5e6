//! The conclusions: what each says, what it does not say, what to do next.

/// What the facts come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "`says` says what each is")]
pub enum Conclusion {
    Healthy,
    HealthyUnspent,
    NoName,
    Refused,
    NoWay,
    ConnectionBroken,
    NotHttp,
    Loop,
    TlsFailed,
    ProxyFails,
    NoAnswer,
    ProxyLogin,
    Edge,
    WrongBaseUrl,
    NoKey,
    KeyForm,
    AnothersKey,
    KeyRejected,
    Quota,
    RateLimited,
    GatewayTrouble,
    NoModel,
    ChatRefusesKey,
    RequestRefused,
    OneModel,
    AllTimeOut,
    AllModels,
    ModelFails,
    StreamCut,
    StreamIncomplete,
    StreamError,
    StreamRefused,
    StreamGarbled,
    NotAStream,
    StreamStalls,
    BufferedByProxy,
    BufferedBefore,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Nothing failed.
    Fine,
    /// Something failed, and the gateway answers.
    Failed,
    /// The gateway cannot be reached.
    Unreachable,
}

/// What is said of one.
struct Page {
    id: &'static str,
    weight: Weight,
    says: &'static str,
    not: &'static [&'static str],
    next: &'static [&'static str],
}

impl Conclusion {
    /// The word in JSON, promised stable.
    pub const fn id(self) -> &'static str {
        self.page().id
    }

    /// How bad it is.
    pub const fn weight(self) -> Weight {
        self.page().weight
    }

    /// What it says, in plain words.
    pub const fn says(self) -> &'static str {
        self.page().says
    }

    /// What is not to be inferred from it.
    pub const fn not(self) -> &'static [&'static str] {
        self.page().not
    }

    /// What to do next, the likeliest first.
    pub const fn next(self) -> &'static [&'static str] {
        self.page().next
    }

    const fn page(self) -> Page {
        match self {
            Self::Healthy => Page {
                id: "healthy",
                weight: Weight::Fine,
                says: "Key, network, model and streaming work from here.",
                not: &[
                    "that a long answer, tools or images work: the calls were small",
                    "that every model works: one was asked",
                ],
                next: &[
                    "where an app still fails, compare what it sends: run it with `gatetap exec -- …`, then `gatetap check`",
                ],
            },
            Self::HealthyUnspent => Page {
                id: "reachable",
                weight: Weight::Fine,
                says: "The gateway is reached and takes the key. No model was asked (--no-spend).",
                not: &["that a model answers or streams"],
                next: &["run `gatetap doctor` without --no-spend: it asks for a few tokens"],
            },
            Self::NoName => Page {
                id: "name-not-found",
                weight: Weight::Unreachable,
                says: "The gateway's name cannot be resolved here.",
                not: &["that the gateway is down: nobody has asked it"],
                next: &[
                    "look for a typing error in the base URL's host",
                    "try another resolver, and leave a VPN that has its own",
                ],
            },
            Self::Refused => Page {
                id: "connection-refused",
                weight: Weight::Unreachable,
                says: "Nothing takes connections at the gateway's address.",
                not: &["that the key or the model is wrong: neither was sent"],
                next: &[
                    "check host and port of the base URL",
                    "a firewall may refuse in the gateway's name: try another network",
                ],
            },
            Self::NoWay => Page {
                id: "no-way-through",
                weight: Weight::Unreachable,
                says: "Connections to the gateway get no answer in time.",
                not: &["that the gateway is down: packets may be lost on the way"],
                next: &[
                    "try another network: a firewall, a VPN or the region is the usual cause",
                    "where one is needed, set HTTPS_PROXY",
                ],
            },
            Self::ConnectionBroken => Page {
                id: "connection-broken",
                weight: Weight::Unreachable,
                says: "The connection breaks before there is an answer.",
                not: &["that the key is wrong: nobody has judged it"],
                next: &[
                    "try again, then from another network: proxies and firewalls cut like that",
                    "look at the gateway's status page",
                ],
            },
            Self::NotHttp => Page {
                id: "not-http",
                weight: Weight::Unreachable,
                says: "Something answers there that does not speak HTTP.",
                not: &["that the gateway is broken: something else may listen there"],
                next: &["check scheme and port of the base URL"],
            },
            Self::Loop => Page {
                id: "loop",
                weight: Weight::Unreachable,
                says: "The base URL leads back to gatetap itself.",
                not: &["anything about the gateway: it was not asked"],
                next: &["point --upstream, or --gateway, at the gateway"],
            },
            Self::TlsFailed => Page {
                id: "tls-failed",
                weight: Weight::Unreachable,
                says: "TLS fails: the certificate is not believed, is for another name, or no TLS is spoken there.",
                not: &[
                    "that the gateway's certificate is bad: who signed it, above, tells whether somebody on the way shows one of his own",
                ],
                next: &[
                    "signed by your company or an antivirus: name its root with --ca FILE, and give it to the app, too",
                    "for another name: check the base URL's host, and this machine's clock",
                ],
            },
            Self::ProxyFails => Page {
                id: "proxy-fails",
                weight: Weight::Unreachable,
                says: "The proxy of the environment does not lead to the gateway.",
                not: &["that the gateway is down: the request has not left the proxy"],
                next: &[
                    "check HTTPS_PROXY and its login",
                    "where the gateway is to be reached directly, put its host into NO_PROXY",
                ],
            },
            Self::NoAnswer => Page {
                id: "no-answer",
                weight: Weight::Unreachable,
                says: "The connection holds, and even the list of models does not come in time.",
                not: &["that a model is slow: none was asked"],
                next: &[
                    "look at the gateway's status page",
                    "try another network; a proxy may hold the answer back",
                ],
            },
            Self::ProxyLogin => Page {
                id: "proxy-login",
                weight: Weight::Failed,
                says: "A proxy on the way wants a login (407).",
                not: &["that the gateway refuses the key: the request has not reached it"],
                next: &["put the login into HTTPS_PROXY, or the gateway's host into NO_PROXY"],
            },
            Self::Edge => Page {
                id: "edge-page",
                weight: Weight::Failed,
                says: "A page for people came instead of an answer: something before the gateway's API answers.",
                not: &["that the API said this: the page is of an edge, a proxy or a captive portal"],
                next: &[
                    "read who it is from `server` and `via` above",
                    "try another network, then look at the status page",
                ],
            },
            Self::WrongBaseUrl => Page {
                id: "wrong-base-url",
                weight: Weight::Failed,
                says: "The host answers, but not with the API: the base URL's path is wrong.",
                not: &["that the key is wrong: it was not judged", "that the model is gone"],
                next: &[
                    "set the base URL as documented, up to and with `/v1`, and without an endpoint behind it",
                    "a page for people: a network's login page (captive portal) looks the same; open a browser",
                ],
            },
            Self::NoKey => Page {
                id: "no-key",
                weight: Weight::Failed,
                says: "The gateway wants a key, and none is set.",
                not: &["that the account is in trouble"],
                next: &[
                    "set the key's variable, above, in the shell that runs the app; `--key-env` names another",
                ],
            },
            Self::KeyForm => Page {
                id: "key-form",
                weight: Weight::Failed,
                says: "The key cannot be right: its form is broken.",
                not: &["that the key was revoked: it may never have arrived whole"],
                next: &[
                    "copy it anew, without quotes, blanks and line ends; check the file that sets the variable",
                ],
            },
            Self::AnothersKey => Page {
                id: "key-of-another-vendor",
                weight: Weight::Failed,
                says: "The key is another vendor's.",
                not: &["that either account is in trouble"],
                next: &["set this gateway's key, or choose the gateway of this key with --gateway"],
            },
            Self::KeyRejected => Page {
                id: "key-rejected",
                weight: Weight::Failed,
                says: "The gateway does not take this key: `GET /v1/models` fails with it.",
                not: &[
                    "that models are down: none was asked",
                    "that the network is at fault: the answer came from the gateway",
                ],
                next: &[
                    "look whether the key is disabled or expired in the gateway's console, or make a new one",
                    "look whether the app's shell has the same key: compare the last four characters",
                ],
            },
            Self::Quota => Page {
                id: "quota",
                weight: Weight::Failed,
                says: "The account or the key has no money left.",
                not: &["that waiting or retrying helps: paying does", "that the model is down"],
                next: &["top up, or raise the key's limit, in the gateway's console"],
            },
            Self::RateLimited => Page {
                id: "rate-limited",
                weight: Weight::Failed,
                says: "The gateway takes key and request, and limits their rate right now.",
                not: &["that the key is broken", "that changing keys helps: limits count by account"],
                next: &[
                    "wait for as long as `retry-after` says, and slow the app down; look for another program with the same key",
                ],
            },
            Self::GatewayTrouble => Page {
                id: "gateway-trouble",
                weight: Weight::Failed,
                says: "The gateway itself is in trouble: even the list of models fails with a server error.",
                not: &["that the app is at fault", "that a green status page rules this out"],
                next: &["wait and try again; look at the status page; send the note below to support"],
            },
            Self::NoModel => Page {
                id: "model-not-for-this-key",
                weight: Weight::Failed,
                says: "The gateway has no such model for this key: the name is wrong, or it is outside the key's scope.",
                not: &["that the model is gone for everybody: a key sees what its scope allows"],
                next: &[
                    "take a name from `GET /v1/models`, letter by letter",
                    "look at the key's scope in the console",
                ],
            },
            Self::ChatRefusesKey => Page {
                id: "chat-refuses-key",
                weight: Weight::Failed,
                says: "`GET /v1/models` takes the key, and a chat call with the same key is refused.",
                not: &["that the key is revoked: the list came with it"],
                next: &[
                    "look at the key's scope and its allowed endpoints in the console",
                    "send the note below to support",
                ],
            },
            Self::RequestRefused => Page {
                id: "request-refused",
                weight: Weight::Failed,
                says: "Key and model are fine, and the gateway refuses the small request itself.",
                not: &["that the network or the key is at fault"],
                next: &[
                    "read the code and the message above: `gatetap explain CODE`",
                    "name another model with --model: its limits may differ",
                ],
            },
            Self::OneModel => Page {
                id: "one-model-fails",
                weight: Weight::Failed,
                says: "This model fails and another works: the trouble is behind the gateway, with that model's provider.",
                not: &["that the gateway is down", "that the key or the network is at fault"],
                next: &[
                    "use the other model meanwhile, or retry with a growing wait",
                    "send the note below to support",
                ],
            },
            Self::AllTimeOut => Page {
                id: "all-models-time-out",
                weight: Weight::Failed,
                says: "The list of models comes, and no model answers in time: something on the way stops long calls, or the region is cut off.",
                not: &["that the gateway is down: a client's timeout is no outage"],
                next: &[
                    "try from another network: a proxy, a firewall or the region is the usual cause",
                    "raise --timeout and try again",
                ],
            },
            Self::AllModels => Page {
                id: "all-models-fail",
                weight: Weight::Failed,
                says: "The list of models comes, and every model that was asked fails.",
                not: &[
                    "that a green status page rules this out: it does not speak for each provider",
                    "that the key is at fault",
                ],
                next: &["look at the status page, wait, try again", "send the note below to support"],
            },
            Self::ModelFails => Page {
                id: "model-fails",
                weight: Weight::Failed,
                says: "The model fails, and there is no other to compare with.",
                not: &["that all models fail: one was asked"],
                next: &["name another with --model, and compare"],
            },
            Self::StreamCut => Page {
                id: "stream-cut",
                weight: Weight::Failed,
                says: "A plain call works, and the stream is cut in its middle.",
                not: &[
                    "that the model is at fault: it answers without streaming",
                    "that the text so far is the whole answer",
                ],
                next: &[
                    "look at who stands between, above: proxies cut streams that last",
                    "run the app with `gatetap exec -- …` and look at the verdict of its streams",
                ],
            },
            Self::StreamIncomplete => Page {
                id: "stream-incomplete",
                weight: Weight::Failed,
                says: "The stream ends politely without having finished: the answer is truncated, and SDKs do not say so.",
                not: &["that an answer which an SDK returns is whole"],
                next: &[
                    "check `finish_reason` in the app",
                    "send the note below to support, with the request id",
                ],
            },
            Self::StreamError => Page {
                id: "error-in-stream",
                weight: Weight::Failed,
                says: "Status 200, and an error inside the answer.",
                not: &["that status 200 means success"],
                next: &["look at the code above; handle errors inside streams in the app"],
            },
            Self::StreamRefused => Page {
                id: "stream-refused",
                weight: Weight::Failed,
                says: "A plain call works, and the same call as a stream is refused.",
                not: &["that the model is down: it answers without streaming"],
                next: &[
                    "name another model with --model: not every one streams",
                    "send the note below to support",
                ],
            },
            Self::StreamGarbled => Page {
                id: "stream-garbled",
                weight: Weight::Failed,
                says: "Events of the stream hold no whole JSON: SDKs stop at the first of them.",
                not: &["that the app reads wrongly: the bytes came like that"],
                next: &[
                    "look at who stands between, above: something on the way rewrites the stream",
                    "send the note below to support",
                ],
            },
            Self::NotAStream => Page {
                id: "not-a-stream",
                weight: Weight::Failed,
                says: "A stream was asked for, and something else came.",
                not: &["that the network buffers: no stream was sent"],
                next: &[
                    "name another model with --model: not every one streams",
                    "look at who stands between, above",
                ],
            },
            Self::StreamStalls => Page {
                id: "stream-stalls",
                weight: Weight::Failed,
                says: "A plain call works, and the stream stops coming.",
                not: &["that the gateway is down"],
                next: &[
                    "try from another network",
                    "look at the longest gap above, and set the app's timeout between events beyond it",
                ],
            },
            Self::BufferedByProxy => Page {
                id: "buffered-by-proxy",
                weight: Weight::Failed,
                says: "The proxy of the environment holds streams back: straight they come one by one, through it in one piece.",
                not: &["that the app or the gateway buffers"],
                next: &[
                    "put the gateway's host into NO_PROXY, or have the proxy pass `text/event-stream` unbuffered",
                ],
            },
            Self::BufferedBefore => Page {
                id: "buffered-before",
                weight: Weight::Failed,
                says: "The stream comes in one piece: something between the model and this machine holds it back.",
                not: &[
                    "that the app buffers: it was not asked",
                    "certainty: a short stream of a fast model can look like this",
                ],
                next: &[
                    "ask again with another --model; where only one does that, it is the provider",
                    "try another network, then send the note below to support",
                ],
            },
        }
    }
}
