//! Signs: what the words must hold to prove a cause, written as data.
//!
//! A sign is a phrase, or a few phrases in order, with a rank. The classifier makes one dictionary
//! of all phrases of all causes; this file knows nothing of how it searches.

/// What the words must hold to prove a cause.
///
/// Letter case and runs of white space do not matter. A phrase that starts or ends with a letter or
/// a digit must stand on its own there: `denied` is not found in `registry.io/denied/app` or in
/// `access-denied-page`, because names, tags, hosts and paths are the user's text.
#[derive(Debug, Clone, Copy)]
pub struct Sign {
    /// Where it stands among the others.
    pub rank: Rank,
    /// Phrases that must follow one another in the same part of a message; unused ones are empty.
    pub phrases: [&'static str; 3],
    /// Where the first phrase must stand.
    pub place: Where,
    /// Phrases either of which spoils it when it stands anywhere in the same part; unused ones are
    /// empty.
    pub unless: [&'static str; 2],
}

/// Which sign leads when several match: the first rank in this order, and in one rank the sign
/// that stands furthest to the right.
///
/// Errors of Go programs grow from the right: the innermost error comes last and frames are put in
/// front. But some frames change what the words behind them mean (an `EOF` while a layer is being
/// unpacked is a broken archive, not a broken connection), so those rank before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    /// The message is about something else, whatever the rest says, unless a pull frame stands in
    /// it too (`failed to setup network for sandbox`).
    Elsewhere,
    /// The runtime's own socket (`dial unix`).
    Socket,
    /// A full disk: it wins over the frame it is in.
    Disk,
    /// What the node or the runtime found out for itself (digests, layers, stores, policies).
    Local,
    /// A proxy on the way.
    Proxy,
    /// Name lookup.
    Dns,
    /// Certificates and handshakes.
    Tls,
    /// The connection.
    Link,
    /// What an admission controller said: the API server's words around it make it nothing else.
    Admission,
    /// A server's explicit words.
    Server,
    /// A server's error code with words that add nothing (`denied: denied`).
    Code,
    /// A bare HTTP status.
    Status,
    /// Words of a runtime's frame (`pull access denied`, `not found`).
    Frame,
    /// Words that say that pulling fails, not why.
    Vague,
    /// Words of success, or of another trouble: they count only where nothing else does.
    Quiet,
}

/// Where a phrase must stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// Anywhere.
    Anywhere,
    /// It must be one whole link of the chain of errors: after `: `, at the start of a line or of
    /// the message, and up to `: `, a bracket, or the end of a line or of the message.
    Leaf,
    /// As a leaf, and nothing but brackets and frames of failure may follow.
    Last,
    /// At the start of a link.
    Start,
    /// No white space may stand between the phrases: a URL and what comes right behind it.
    Joined,
}

impl Sign {
    const fn new(rank: Rank, phrase: &'static str) -> Self {
        Self { rank, phrases: [phrase, "", ""], place: Where::Anywhere, unless: ["", ""] }
    }

    /// The phrase must be a whole link of the chain.
    pub(super) const fn leaf(self) -> Self {
        Self { place: Where::Leaf, ..self }
    }

    /// The phrase must be the last link of the chain.
    pub(super) const fn last(self) -> Self {
        Self { place: Where::Last, ..self }
    }

    /// The phrase must start a link of the chain.
    pub(super) const fn start(self) -> Self {
        Self { place: Where::Start, ..self }
    }

    /// No white space may stand between the phrases.
    pub(super) const fn joined(self) -> Self {
        Self { place: Where::Joined, ..self }
    }

    /// Another phrase must follow.
    pub(super) const fn then(self, phrase: &'static str) -> Self {
        let [first, second, third] = self.phrases;
        let phrases = if second.is_empty() {
            [first, phrase, ""]
        } else {
            assert!(third.is_empty(), "a sign has three phrases at most");
            [first, second, phrase]
        };
        Self { phrases, ..self }
    }

    /// A phrase that spoils the sign.
    pub(super) const fn unless(self, phrase: &'static str) -> Self {
        let [first, second] = self.unless;
        assert!(second.is_empty(), "a sign has two phrases that spoil it at most");
        let unless = if first.is_empty() { [phrase, ""] } else { [first, phrase] };
        Self { unless, ..self }
    }
}

/// Makes a constructor a rank, so that a cause's list of signs reads like a table.
macro_rules! ranks {
    ($($name:ident => $rank:ident,)*) => {
        $(
            #[doc = concat!("A sign of rank [`Rank::", stringify!($rank), "`].")]
            pub(super) const fn $name(phrase: &'static str) -> Sign {
                Sign::new(Rank::$rank, phrase)
            }
        )*
    };
}

ranks! {
    elsewhere => Elsewhere,
    socket => Socket,
    disk => Disk,
    local => Local,
    proxy => Proxy,
    dns => Dns,
    tls => Tls,
    link => Link,
    admission => Admission,
    server => Server,
    code => Code,
    status => Status,
    frame => Frame,
    vague => Vague,
    quiet => Quiet,
}
