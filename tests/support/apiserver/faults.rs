//! What goes wrong, and on which requests.

use std::time::Duration;

use futures::stream;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;

use super::{Body, Recorded, Response, whole};

/// Which requests a fault hits. All, unless narrowed.
#[derive(Debug, Clone, Default)]
pub struct On {
    verb: Option<&'static str>,
    resource: Option<&'static str>,
    namespace: Option<String>,
    name: Option<String>,
    times: Option<usize>,
    further: bool,
    path: Option<&'static str>,
}

impl On {
    /// Every request.
    pub fn any() -> Self {
        Self::default()
    }

    /// A get of this plural resource.
    pub fn get(resource: &'static str) -> Self {
        Self { verb: Some("get"), resource: Some(resource), ..Self::default() }
    }

    /// A list of it.
    pub fn list(resource: &'static str) -> Self {
        Self { verb: Some("list"), resource: Some(resource), ..Self::default() }
    }

    /// A watch of it.
    pub fn watch(resource: &'static str) -> Self {
        Self { verb: Some("watch"), resource: Some(resource), ..Self::default() }
    }

    /// Only in this namespace.
    #[must_use]
    pub fn in_namespace(mut self, namespace: &str) -> Self {
        self.namespace = Some(namespace.to_owned());
        self
    }

    /// Only the object of this name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Only this path.
    #[must_use]
    pub fn at(mut self, path: &'static str) -> Self {
        self.path = Some(path);
        self
    }

    /// Only a list's pages after the first.
    #[must_use]
    pub fn further(mut self) -> Self {
        self.further = true;
        self
    }

    /// Only the first `times` requests that fit.
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.times = Some(times);
        self
    }

    /// Whether this request is hit, and counts it.
    pub(super) fn hits(&mut self, asked: &Recorded) -> bool {
        let fits = self.verb.is_none_or(|verb| verb == asked.verb)
            && self.resource.is_none_or(|resource| resource == asked.resource)
            && (self.namespace.is_none() || self.namespace == asked.namespace)
            && self.name.as_ref().is_none_or(|name| *name == asked.name)
            && self.path.is_none_or(|path| path == asked.path)
            && (!self.further || asked.query.contains_key("continue"));
        match &mut self.times {
            _ if !fits => false,
            None => true,
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
        }
    }
}

/// What happens instead of the answer, or to it.
#[derive(Debug, Clone)]
pub enum Fault {
    /// This status with a `Status` object, and `Retry-After` in seconds.
    Status(u16, Option<u32>),
    /// Anything: status, content type, body.
    Raw(u16, &'static str, String),
    /// A redirect to this address.
    Redirect(String),
    /// No answer, while the connection stays open.
    Silence,
    /// The connection is closed without an answer.
    Close,
    /// The answer, later.
    Late(Duration),
    /// So many bytes of the answer's body, then nothing while the connection stays open.
    StallAfter(usize),
    /// So many bytes of the answer's body, then the connection is closed.
    CutAfter(usize),
}

impl Fault {
    /// The answer with this fault; `None` stands for closing the connection.
    pub(super) async fn bend(
        self,
        answer: impl Future<Output = Response>,
        status_object: impl FnOnce(u16) -> Response,
    ) -> Option<Response> {
        Some(match self {
            Self::Status(status, retry_after) => {
                let mut response = status_object(status);
                if let Some(seconds) = retry_after {
                    response.headers_mut().insert("retry-after", seconds.into());
                }
                response
            }
            Self::Raw(status, content_type, body) => hyper::Response::builder()
                .status(status)
                .header("content-type", content_type)
                .body(whole(body))
                .unwrap(),
            Self::Redirect(location) => hyper::Response::builder()
                .status(302)
                .header("location", location)
                .body(whole(""))
                .unwrap(),
            Self::Silence => std::future::pending().await,
            Self::Close => return None,
            Self::Late(delay) => {
                tokio::time::sleep(delay).await;
                answer.await
            }
            Self::StallAfter(bytes) => answer.await.map(|body| cut(body, bytes, true)),
            Self::CutAfter(bytes) => answer.await.map(|body| cut(body, bytes, false)),
        })
    }
}

/// The first bytes of a body, and then either nothing for ever or the end of the connection.
fn cut(body: Body, bytes: usize, stays_open: bool) -> Body {
    let frames = stream::unfold((body, bytes), move |(mut body, left)| async move {
        if left > 0
            && let Some(Ok(frame)) = body.frame().await
        {
            let mut chunk = frame.into_data().unwrap_or_default();
            chunk.truncate(left);
            let left = left - chunk.len();
            return Some((Ok(Frame::data(chunk)), (body, left)));
        }
        if stays_open {
            std::future::pending::<()>().await;
        }
        // Lets the beginning reach the wire first.
        tokio::time::sleep(Duration::from_millis(20)).await;
        Some((Err(std::io::Error::other("cut")), (body, 0)))
    });
    StreamBody::new(frames).boxed_unsync()
}
