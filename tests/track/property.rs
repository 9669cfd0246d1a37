//! However the words come, doubled, dropped, out of order, cut in the middle: in the end the board is
//! the one that a fresh list gives, and what it told adds up to that.

use std::collections::btree_map::Entry;

use proptest::prelude::*;
use pulldoctor::track::Standing;

use super::*;

const NAMES: [&str; 3] = ["a-0", "a-1", "b-0"];
const IMAGES: [&str; 3] = ["reg.io/web:v9", "reg.io/web:v10", "docker.io/acme/api:1"];
const WORDS: [fn(&str) -> String; 4] = [not_found, denied, refused, disk_full];

/// What happens to one of the pods in the cluster. The numbers choose a container, an image, words.
#[derive(Debug, Clone)]
enum Deed {
    /// It is made, unless it is there.
    Create(usize, usize),
    /// A pull of a container's image fails; the event is said so many times more.
    Fail(usize, usize, u32),
    /// The kubelet backs off, in the words of 1.32 or in those of before.
    BackOff(usize, bool),
    /// The image comes.
    Pull(usize),
    /// The container is made anew, as after a restart of the node.
    Restart(usize),
    /// It gets another image.
    ChangeImage(usize, usize),
    /// It is being deleted.
    Leave,
    /// It is gone.
    Delete,
    /// It is gone, and another is there.
    Replace(usize, usize),
    /// It no longer has the labels that are asked for, or has them again.
    Hide,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        3 => (0..3_usize, 0..3_usize).prop_map(|(one, two)| Deed::Create(one, two)),
        6 => (0..2_usize, 0..4_usize, 0..3_u32).prop_map(|(at, words, more)| Deed::Fail(at, words, more)),
        3 => (0..2_usize, any::<bool>()).prop_map(|(at, says_why)| Deed::BackOff(at, says_why)),
        3 => (0..2_usize).prop_map(Deed::Pull),
        1 => (0..2_usize).prop_map(Deed::Restart),
        1 => (0..2_usize, 0..3_usize).prop_map(|(at, image)| Deed::ChangeImage(at, image)),
        1 => Just(Deed::Leave),
        1 => Just(Deed::Delete),
        1 => (0..3_usize, 0..3_usize).prop_map(|(one, two)| Deed::Replace(one, two)),
        1 => Just(Deed::Hide),
    ]
}

/// The cluster as it really is.
#[derive(Debug, Clone, Default)]
struct Cluster {
    version: u64,
    uids: usize,
    pods: BTreeMap<&'static str, Pod>,
    /// Pods that the selector does not pick.
    hidden: BTreeSet<&'static str>,
    events: BTreeMap<ObjectName, Event>,
    /// What the streams say.
    words: Vec<Word>,
}

/// A word of one of the streams.
#[derive(Debug, Clone)]
enum Word {
    Is(Pod),
    Gone(Pod),
    Event(ObjectName, Event),
}

impl Cluster {
    fn now(&self) -> Time {
        at(i64::try_from(self.version).unwrap())
    }

    fn change(&mut self, name: &'static str, change: impl FnOnce(&mut Pod)) {
        let Some(pod) = self.pods.get_mut(name) else { return };
        self.version += 1;
        change(pod);
        pod.version = self.version;
        if !self.hidden.contains(name) {
            self.words.push(Word::Is(pod.clone()));
        }
    }

    fn create(&mut self, name: &'static str, images: [usize; 2]) {
        let Entry::Vacant(place_of_pod) = self.pods.entry(name) else { return };
        self.uids += 1;
        let mut made = pod(name, IMAGES[images[0]], creating());
        made.uid = format!("uid-{}", self.uids);
        made.node = Some(format!("n{}", self.uids % 2));
        made.places.push(place("proxy", IMAGES[images[1]], creating()));
        place_of_pod.insert(made);
        self.change(name, |_| {});
    }

    fn delete(&mut self, name: &'static str) {
        let Some(mut gone) = self.pods.remove(name) else { return };
        self.version += 1;
        gone.version = self.version;
        if !self.hidden.remove(name) {
            self.words.push(Word::Gone(gone));
        }
    }

    /// Says it of a container; what was said before in the same words is counted on.
    fn tell(&mut self, name: &str, container: usize, reason: &str, message: &str, more: u32) {
        self.version += 1;
        let now = self.now();
        let Some(pod) = self.pods.get(name) else { return };
        let path = format!("spec.containers{{{}}}", pod.places[container].name);
        // As the kubelet's correlator has it: one event for all that is alike.
        let serial = self.events.iter().find(|(_, event)| {
            event.about.uid == pod.uid && event.about.field_path == path && event.message == message
        });
        let serial = serial.map_or_else(
            || ObjectName::new("shop", format!("{name}.{:08}", self.version)),
            |(serial, _)| serial.clone(),
        );
        let told = self.events.entry(serial.clone()).or_insert_with(|| {
            let mut told = event(pod, reason, message, 0, now);
            told.about.field_path = path;
            told
        });
        told.count += 1 + more;
        told.last_seen = Some(now);
        self.words.push(Word::Event(serial, told.clone()));
    }

    fn does(&mut self, name: &'static str, deed: &Deed) {
        let place_of = |cluster: &Self, container: usize| {
            cluster.pods.get(name).map(|pod| pod.places[container].clone())
        };
        match *deed {
            Deed::Create(one, two) => self.create(name, [one, two]),
            Deed::Fail(container, words, more) => {
                let Some(Place { image, state, .. }) = place_of(self, container) else { return };
                if state == State::Running {
                    return;
                }
                let words = WORDS[words](&image);
                self.tell(name, container, "Pulling", &format!("Pulling image \"{image}\""), 0);
                self.change(name, |pod| pod.places[container].state = failing(&words));
                let message = format!("Failed to pull image \"{image}\": {words}");
                self.tell(name, container, "Failed", &message, more);
            }
            Deed::BackOff(container, says_why) => {
                let Some(Place { image, state, .. }) = place_of(self, container) else { return };
                let State::Waiting { reason, message } = state else { return };
                if reason != "ErrImagePull" {
                    return;
                }
                self.change(name, |pod| {
                    pod.places[container].state = if says_why {
                        backing_off(&image, &message)
                    } else {
                        backing_off_mutely(&image)
                    };
                });
                let message = format!("Back-off pulling image \"{image}\"");
                self.tell(name, container, "BackOff", &message, 0);
            }
            Deed::Pull(container) => {
                let Some(Place { image, .. }) = place_of(self, container) else { return };
                let message = format!("Successfully pulled image \"{image}\" in 1s");
                self.tell(name, container, "Pulled", &message, 0);
                self.change(name, |pod| pod.places[container].state = State::Running);
            }
            Deed::Restart(container) => {
                self.change(name, |pod| pod.places[container].state = creating());
            }
            Deed::ChangeImage(container, image) => self.change(name, |pod| {
                pod.places[container] =
                    place(&pod.places[container].name.clone(), IMAGES[image], creating());
            }),
            Deed::Leave => self.change(name, |pod| pod.deleting = Some(at(0))),
            Deed::Delete => self.delete(name),
            Deed::Replace(one, two) => {
                self.delete(name);
                self.create(name, [one, two]);
            }
            Deed::Hide if self.hidden.remove(name) => self.change(name, |_| {}),
            Deed::Hide => {
                self.version += 1;
                let Some(pod) = self.pods.get_mut(name) else { return };
                pod.version = self.version;
                self.words.push(Word::Gone(pod.clone()));
                self.hidden.insert(name);
            }
        }
    }

    fn picked(&self) -> Vec<Pod> {
        let picked = self.pods.iter().filter(|(name, _)| !self.hidden.contains(*name));
        picked.map(|(_, pod)| pod.clone()).collect()
    }
}

/// How a word is told.
#[derive(Debug, Clone)]
struct Way {
    /// So much later than it was said.
    late: usize,
    /// Not at all.
    is_dropped: bool,
    /// And once more, so much later.
    again: Option<usize>,
}

fn way() -> impl Strategy<Value = Way> {
    let late = prop_oneof![3 => Just(0_usize), 2 => 1..8_usize, 1 => 8..40_usize];
    let again = prop_oneof![3 => Just(None), 1 => (0..20_usize).prop_map(Some)];
    let is_dropped = prop::bool::weighted(0.2);
    (late, is_dropped, again).prop_map(|(late, is_dropped, again)| Way { late, is_dropped, again })
}

/// A list that is read while all goes on.
#[derive(Debug, Clone)]
struct List {
    /// After how many of the deeds.
    of: usize,
    /// So much later it is told.
    late: usize,
    /// How many of its objects are told before it breaks off; all of them if none.
    breaks: Option<usize>,
    is_of_events: bool,
}

fn list() -> impl Strategy<Value = List> {
    (0..60_usize, 0..20_usize, prop::option::of(0..4_usize), any::<bool>())
        .prop_map(|(of, late, breaks, is_of_events)| List { of, late, breaks, is_of_events })
}

/// What was told of a board so far, added up.
#[derive(Default)]
struct Reader {
    failing: BTreeMap<(ObjectName, String, String), &'static str>,
    incidents: BTreeMap<u64, bool>,
}

impl Reader {
    fn read(&mut self, board: &mut Board, now: Time) {
        for change in board.incidents.take_changes() {
            let (FailureChange::Opened(diagnosis)
            | FailureChange::Updated(diagnosis)
            | FailureChange::Recovered(diagnosis, _)) = &change;
            let container = diagnosis.container.clone().unwrap_or_default();
            let spot = (diagnosis.pod.clone(), container, diagnosis.image.reference.clone());
            let code = diagnosis.cause.code;
            let before = match change {
                FailureChange::Recovered(..) => self.failing.remove(&spot),
                _ => self.failing.insert(spot.clone(), code),
            };
            match change {
                FailureChange::Opened(_) => assert_eq!(before, None, "{spot:?} opened twice"),
                FailureChange::Updated(_) => {
                    assert!(before.is_some_and(|before| before != code), "{spot:?}: {before:?}");
                }
                FailureChange::Recovered(..) => assert_eq!(before, Some(code), "{spot:?}"),
            }
        }
        for change in board.incidents.take_news(now) {
            let incident = board.incidents.get(change.number).expect("what is told of is there");
            assert_eq!(incident.is_open(), change.kind != ChangeKind::Recovered);
            let was_open = self.incidents.insert(change.number, incident.is_open());
            assert_eq!(was_open.unwrap_or(false), !is_opened(&change), "{change:?}");
        }
    }
}

/// All that matters of a board.
fn picture(board: &Board) -> String {
    let mut lines = Vec::new();
    for tracked in board.world.pods() {
        let standing = match &tracked.standing {
            Standing::Pulled => "pulled".to_owned(),
            Standing::Pending(why) => why.clone(),
            Standing::Failing(failures) => {
                let line = |it: &pulldoctor::diagnose::Diagnosis| {
                    format!("{:?} {} {}", it.container, it.image.reference, it.cause.code)
                };
                failures.iter().map(line).collect::<Vec<_>>().join(", ")
            }
        };
        lines.push(format!("{} {}: {standing}", tracked.pod.name, tracked.pod.uid));
    }
    for ((cause, host, namespace), count) in board.incidents.failing().counts() {
        lines.push(format!("{count} {cause} at {host} in {namespace}"));
    }
    let mut incidents: Vec<String> = Vec::new();
    for incident in board.incidents.open().into_iter().filter(|it| it.is_open()) {
        incidents.push(format!(
            "{} at {:?}: {:?} {:?} {:?}",
            incident.cause.code,
            incident.registry,
            incident.pods().counts().collect::<Vec<_>>(),
            incident.images().counts().collect::<Vec<_>>(),
            incident.nodes().counts().collect::<Vec<_>>(),
        ));
    }
    incidents.sort();
    lines.extend(incidents);
    lines.join("\n")
}

/// Something that is said to a board at a time.
type Say = Box<dyn Fn(&mut Board, Time)>;

fn tell(board: &mut Board, word: &Word, now: Time) {
    match word {
        Word::Is(pod) => board.apply(&None, pod.clone(), now),
        Word::Gone(pod) => board.delete(&None, pod, now),
        Word::Event(name, event) => board.apply_event(&None, name, event, now),
    }
}

fn tell_pods(board: &mut Board, cluster: &Cluster, breaks: Option<usize>, now: Time) {
    board.begin(&None);
    let pods = cluster.picked();
    for pod in pods.into_iter().take(breaks.unwrap_or(usize::MAX)) {
        board.apply(&None, pod, now);
    }
    if breaks.is_none() {
        board.listed(&None, now);
    }
}

fn tell_events(board: &mut Board, cluster: &Cluster, breaks: Option<usize>, now: Time) {
    board.begin_events(&None);
    for (name, event) in cluster.events.iter().take(breaks.unwrap_or(usize::MAX)) {
        board.apply_event(&None, name, event, now);
    }
    if breaks.is_none() {
        board.events_listed(&None, now);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 4, ..ProptestConfig::default() })]

    #[test]
    fn any_interleaving_ends_in_the_state_of_a_fresh_list(
        deeds in prop::collection::vec((0..NAMES.len(), deed()), 1..60),
        ways in prop::collection::vec(way(), 240),
        lists in prop::collection::vec(list(), 0..5),
        are_events_first in any::<bool>(),
    ) {
        let mut cluster = Cluster::default();
        let mut states = vec![cluster.clone()];
        for (name, deed) in &deeds {
            cluster.does(NAMES[*name], deed);
            states.push(cluster.clone());
        }
        // When what is told: words at their place and lists at theirs, each so much later.
        let mut told: BTreeMap<(usize, usize), Say> = BTreeMap::new();
        for (place, (word, way)) in cluster.words.iter().zip(&ways).enumerate() {
            let again = way.again.map(|again| way.late + again);
            let first = (!way.is_dropped).then_some(way.late);
            for (turn, late) in [first, again].into_iter().flatten().enumerate() {
                let word = word.clone();
                let say = move |board: &mut Board, now| tell(board, &word, now);
                told.insert((place + late, 2 * place + turn), Box::new(say));
            }
        }
        for (number, list) in lists.iter().enumerate() {
            let state = states[list.of.min(deeds.len())].clone();
            let (place, breaks) = (state.words.len() + list.late, list.breaks);
            let tell = if list.is_of_events { tell_events } else { tell_pods };
            let say = move |board: &mut Board, now| tell(board, &state, breaks, now);
            told.insert((place, 1_000 + number), Box::new(say));
        }

        let mut board = Board::default();
        let mut reader = Reader::default();
        let mut now = cluster.now();
        for say in told.values() {
            now += chrono::TimeDelta::milliseconds(700);
            say(&mut board, now);
            reader.read(&mut board, now);
        }
        let in_the_end = [tell_pods, tell_events];
        for turn in 0..2 {
            in_the_end[(turn + usize::from(are_events_first)) % 2](&mut board, &cluster, None, now);
        }
        reader.read(&mut board, now);
        // Nothing is due any more.
        now += chrono::TimeDelta::minutes(5);
        reader.read(&mut board, now);

        let mut fresh = Board::default();
        tell_pods(&mut fresh, &cluster, None, now);
        tell_events(&mut fresh, &cluster, None, now);
        prop_assert_eq!(picture(&board), picture(&fresh));

        let failing: BTreeMap<_, _> = fresh
            .world
            .pods()
            .flat_map(|tracked| tracked.standing.failures())
            .map(|it| {
                let container = it.container.clone().unwrap_or_default();
                ((it.pod.clone(), container, it.image.reference.clone()), it.cause.code)
            })
            .collect();
        prop_assert_eq!(reader.failing, failing, "what was told adds up to what is");
        let open = board.incidents.open();
        let is_open = |number: &u64| open.iter().any(|it| it.number == *number);
        prop_assert!(reader.incidents.iter().all(|(number, told)| *told == is_open(number)));
        prop_assert_eq!(open.len(), reader.incidents.values().filter(|told| **told).count());
        fresh.incidents.take_news(now);
        let is_unsettled = board.incidents.unsettled() > 0;
        prop_assert_eq!(
            board.incidents.is_recovered(),
            fresh.incidents.is_recovered() && !is_unsettled
        );
        prop_assert!(board.incidents.unsettled() <= board.census().pending);
    }
}
