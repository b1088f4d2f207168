//! The frontier by its promises, with a clock that is stepped by hand.

use super::*;
use crate::retry::ATTEMPTS;

const SITE: &str = "http://127.0.0.1";
const SECOND: Duration = Duration::from_secs(1);

struct Crawl {
    frontier: Frontier,
    now: Instant,
}

impl Crawl {
    fn new(change: impl FnOnce(&mut Bounds)) -> Self {
        let (delay, back_off) = (Some(Duration::ZERO), Duration::from_millis(500));
        let mut bounds = Bounds { per_host: 2, in_flight: 16, delay, back_off, max_pages: None, max_depth: None };
        change(&mut bounds);
        Self { frontier: Frontier::new(bounds), now: Instant::now() }
    }

    /// With these pages on one site, whose robots.txt has been read.
    fn of(pages: &[&str], change: impl FnOnce(&mut Bounds)) -> Self {
        let mut crawl = Self::new(change);
        crawl.add(SITE, pages);
        crawl.reads_robots(Robots::allow_all());
        crawl
    }

    fn add(&mut self, origin: &str, pages: &[&str]) {
        for page in pages {
            assert_eq!(self.frontier.add_page(origin, page, 0, self.now), Added::Waits);
        }
    }

    fn reads_robots(&mut self, robots: Robots) {
        let job = self.start();
        let Purpose::Robots { of, .. } = job.work.purpose else { panic!("{job:?} before robots.txt") };
        self.frontier.finished(&job);
        self.frontier.obey(of, robots);
    }

    fn start(&mut self) -> Job {
        match self.frontier.next(self.now) {
            Next::Start(job) => job,
            other => panic!("{other:?} instead of a start"),
        }
    }

    fn starts(&mut self) -> Vec<Job> {
        let frontier = &mut self.frontier;
        std::iter::from_fn(|| if let Next::Start(job) = frontier.next(self.now) { Some(job) } else { None }).collect()
    }

    fn finish(&mut self, job: &Job) {
        self.frontier.finished(job);
    }

    fn fail(&mut self, job: &Job, trouble: Trouble) -> Failure {
        self.frontier.failed(job, trouble, 0.5, self.now)
    }

    /// Lets the time pass that the frontier wants to wait.
    fn wait(&mut self) -> Duration {
        match self.frontier.next(self.now) {
            Next::Wait(then) => {
                let waited = then - self.now;
                self.now = then;
                waited
            }
            other => panic!("{other:?} instead of a wait"),
        }
    }

    fn is_idle(&mut self) -> bool {
        matches!(self.frontier.next(self.now), Next::Idle)
    }

    fn is_over(&mut self) -> bool {
        matches!(self.frontier.next(self.now), Next::Over)
    }
}

fn paths(jobs: &[Job]) -> Vec<&str> {
    jobs.iter().map(|job| &*job.work.path).collect()
}

#[test]
fn robots_first_then_pages_in_order() {
    let mut crawl = Crawl::new(|_| ());
    crawl.add(SITE, &["/a", "/b"]);
    let robots = crawl.start();
    assert_eq!(&*robots.work.path, "/robots.txt");
    assert!(crawl.is_idle(), "no page before the rules");
    crawl.finish(&robots);
    crawl.frontier.obey(robots.host, Robots::allow_all());
    let pages = crawl.starts();
    assert_eq!(paths(&pages), ["/a", "/b"]);
    pages.iter().for_each(|job| crawl.finish(job));
    assert!(crawl.is_over());
}

#[test]
fn what_robots_forbids_is_never_started() {
    let mut crawl = Crawl::new(|_| ());
    crawl.add(SITE, &["/secret/1", "/a", "/secret/2"]);
    crawl.reads_robots(Robots::parse(b"User-agent: *\nDisallow: /secret", "x"));
    let pages = crawl.starts();
    assert_eq!(paths(&pages), ["/a"]);
    crawl.finish(&pages[0]);
    assert!(crawl.is_over());
    assert_eq!(crawl.frontier.disallowed().map(|(_, pages)| pages).sum::<u64>(), 2);
}

#[test]
fn one_host_gets_its_number_and_all_together_theirs() {
    let mut crawl = Crawl::of(&["/1", "/2", "/3"], |bounds| bounds.in_flight = 3);
    let first = crawl.starts();
    assert_eq!(first.len(), 2, "per host");
    for host in ["http://127.0.0.2", "http://127.0.0.3"] {
        crawl.add(host, &["/"]);
    }
    let robots = crawl.starts();
    assert_eq!(robots.len(), 1, "in flight");
    crawl.finish(&first[0]);
    assert_eq!(crawl.starts().len(), 1);
}

#[test]
fn hosts_take_turns() {
    let mut crawl = Crawl::of(&["/1", "/2", "/3"], |bounds| bounds.in_flight = 1);
    crawl.add("http://127.0.0.2", &["/1", "/2", "/3"]);
    let mut hosts = Vec::new();
    while let Next::Start(job) = crawl.frontier.next(crawl.now) {
        if let Purpose::Robots { of, .. } = job.work.purpose {
            crawl.frontier.obey(of, Robots::allow_all());
        }
        hosts.push(job.host.0);
        crawl.finish(&job);
    }
    assert_eq!(hosts, [0, 1, 0, 1, 0, 1, 1]);
}

#[test]
fn a_crawl_delay_is_for_the_governor_and_a_host_can_only_ask_for_more() {
    for (asked, delay) in [(3, 3), (1, 2)] {
        let mut crawl = Crawl::new(|bounds| bounds.delay = Some(2 * SECOND));
        crawl.add(SITE, &["/1"]);
        let robots = format!("User-agent: *\nCrawl-delay: {asked}");
        crawl.reads_robots(Robots::parse(robots.as_bytes(), "x"));
        assert_eq!(crawl.start().governor, politeness::governor(2, delay * SECOND));
    }
}

#[test]
fn a_host_that_rests_takes_no_place() {
    let mut crawl = Crawl::new(|bounds| bounds.in_flight = 1);
    for host in 0..50 {
        crawl.add(&format!("http://127.0.1.{host}"), &["/"]);
        let robots = crawl.start();
        crawl.frontier.rest(robots.host, crawl.now + 60 * SECOND);
        assert!(matches!(crawl.fail(&robots, Trouble::Broken), Failure::Again));
    }
    crawl.add(SITE, &["/"]);
    crawl.reads_robots(Robots::allow_all());
    let page = crawl.start();
    crawl.finish(&page);
    assert_eq!(crawl.wait(), 60 * SECOND);
    assert_eq!(&*crawl.start().work.path, "/robots.txt");
}

#[test]
fn a_host_with_a_delay_gets_one_job_at_a_time_and_the_next_after_the_delay() {
    let mut crawl = Crawl::of(&["/1", "/2"], |bounds| bounds.delay = Some(2 * SECOND));
    let first = crawl.start();
    assert!(crawl.is_idle(), "a second one would wait for the answer to the first");
    crawl.now += SECOND;
    let answered = crawl.now;
    crawl.now += SECOND;
    crawl.finish(&first);
    crawl.frontier.asked(first.host, answered);
    assert_eq!(crawl.wait(), SECOND);
    assert_eq!(&*crawl.start().work.path, "/2");
}

#[test]
fn a_page_is_tried_five_times_with_growing_pauses() {
    let mut crawl = Crawl::of(&["/flaky"], |_| ());
    let mut pauses = Vec::new();
    loop {
        let job = crawl.start();
        match crawl.fail(&job, Trouble::Broken) {
            Failure::Again => pauses.push(crawl.wait().as_millis()),
            Failure::Final => break,
            lost => panic!("{lost:?}"),
        }
    }
    assert_eq!(pauses, [500, 1000, 2000, 4000]);
    assert!(crawl.is_over());
}

#[test]
fn while_a_page_waits_for_another_attempt_others_go_on() {
    let mut crawl = Crawl::of(&["/1", "/2"], |bounds| bounds.per_host = 1);
    let job = crawl.start();
    crawl.fail(&job, Trouble::Broken);
    assert_eq!(&*crawl.start().work.path, "/2");
}

#[test]
fn a_host_out_of_reach_costs_its_pages_no_attempt() {
    let mut crawl = Crawl::of(&["/1", "/2", "/3"], |_| ());
    for attempt in 1..ATTEMPTS {
        let jobs = crawl.starts();
        assert_eq!(jobs.len(), 2);
        for job in &jobs {
            assert!(matches!(crawl.fail(job, Trouble::Unreachable), Failure::Again), "attempt {attempt}");
        }
        crawl.wait();
    }
    let mut fetched = 0;
    while let Next::Start(job) = crawl.frontier.next(crawl.now) {
        assert_eq!(job.work.failures, 0);
        crawl.finish(&job);
        fetched += 1;
    }
    assert_eq!(fetched, 3);
    assert!(crawl.is_over());
}

#[test]
fn a_host_that_stays_out_of_reach_is_given_up() {
    let mut crawl = Crawl::of(&["/1", "/2", "/3"], |bounds| bounds.per_host = 1);
    let lost = loop {
        let job = crawl.start();
        match crawl.fail(&job, Trouble::Unreachable) {
            Failure::Again => drop(crawl.wait()),
            Failure::HostLost(work) => break work,
            Failure::Final => panic!("the page is not to blame"),
        }
    };
    assert_eq!(lost.len(), 2, "besides the one that failed last");
    assert!(crawl.is_over());
    assert_eq!(crawl.frontier.add_page(SITE, "/4", 0, crawl.now), Added::HostLost(HostId(0)));
}

#[test]
fn a_host_that_cannot_be_accepted_is_given_up_at_once() {
    let mut crawl = Crawl::of(&["/1", "/2", "/3"], |bounds| bounds.per_host = 2);
    let (first, second) = (crawl.start(), crawl.start());
    let Failure::HostLost(lost) = crawl.fail(&first, Trouble::Refused) else { panic!("no attempt can help") };
    assert_eq!(lost.len(), 1);
    assert!(matches!(crawl.fail(&second, Trouble::Refused), Failure::Final), "its host is lost already");
    assert!(crawl.is_over());
}

#[test]
fn robots_may_lie_elsewhere() {
    let mut crawl = Crawl::new(|_| ());
    crawl.add(SITE, &["/a"]);
    let first = crawl.start();
    crawl.finish(&first);
    crawl.frontier.add_robots("http://127.0.0.2", "/rules", first.host, 1, crawl.now);
    let second = crawl.start();
    assert_eq!((&*second.work.path, second.work.purpose), ("/rules", Purpose::Robots { of: first.host, redirects: 1 }));
    crawl.finish(&second);
    crawl.frontier.obey(first.host, Robots::allow_all());
    assert_eq!(paths(&crawl.starts()), ["/a"]);
}

#[test]
fn no_more_pages_than_asked_for_but_those_to_their_end() {
    let mut crawl = Crawl::of(&["/1", "/2", "/3", "/4"], |bounds| bounds.max_pages = Some(2));
    let jobs = crawl.starts();
    assert_eq!(jobs.len(), 2);
    crawl.fail(&jobs[0], Trouble::Unreachable);
    crawl.finish(&jobs[1]);
    crawl.wait();
    let again = crawl.starts();
    assert_eq!(paths(&again), ["/1"]);
    crawl.finish(&again[0]);
    assert!(crawl.is_over());
    assert_eq!(crawl.frontier.waiting(), 2);
}

#[test]
fn when_as_many_were_fetched_as_asked_for_nobody_waits() {
    let mut crawl = Crawl::new(|bounds| bounds.max_pages = Some(1));
    let other = "http://127.0.0.2";
    crawl.add(other, &["/1"]);
    let rules = crawl.start();
    crawl.fail(&rules, Trouble::Broken);
    crawl.add(SITE, &["/1", "/2"]);
    crawl.reads_robots(Robots::allow_all());
    let page = crawl.start();
    assert_eq!(&*page.work.path, "/1");
    crawl.finish(&page);
    assert!(crawl.is_over(), "the rules of a host of which nothing is wanted any more are not waited for");
    assert_eq!(crawl.frontier.waiting(), 2);
}

#[test]
fn a_page_that_waits_for_another_attempt_is_still_to_be_done() {
    let mut crawl = Crawl::of(&["/1"], |_| ());
    let job = crawl.start();
    assert_eq!(crawl.frontier.waiting(), 0);
    crawl.fail(&job, Trouble::Broken);
    assert_eq!(crawl.frontier.waiting(), 1);
}

#[test]
fn no_deeper_than_asked_for() {
    let mut crawl = Crawl::new(|bounds| bounds.max_depth = Some(1));
    assert_eq!(crawl.frontier.add_page(SITE, "/1", 1, crawl.now), Added::Waits);
    assert_eq!(crawl.frontier.add_page(SITE, "/2", 2, crawl.now), Added::TooDeep);
}

const OTHER: &str = "http://127.0.0.2";

impl Crawl {
    fn go_on(&mut self, job: &Job, origin: &str, path: &str) -> Option<Job> {
        self.frontier.go_on(job, (origin, path), (job.work.depth + 1, Purpose::Page), self.now)
    }

    /// With one page under way on each of two sites.
    fn of_two(change: impl FnOnce(&mut Bounds)) -> (Self, Job, Job) {
        let mut crawl = Self::of(&["/here"], change);
        let here = crawl.start();
        crawl.add(OTHER, &["/there"]);
        crawl.reads_robots(Robots::parse(b"User-agent: *\nDisallow: /secret", "x"));
        let there = crawl.start();
        (crawl, here, there)
    }
}

#[test]
fn a_job_that_goes_on_leaves_its_place_to_another_and_takes_one_where_it_goes() {
    let (mut crawl, here, there) = Crawl::of_two(|_| ());
    crawl.add(SITE, &["/1", "/2"]);
    assert_eq!(paths(&crawl.starts()), ["/1"]);
    let gone_on = crawl.go_on(&here, OTHER, "/x").expect("there is room");
    assert_eq!((gone_on.host, &*gone_on.work.path, gone_on.work.depth), (there.host, "/x", 1));
    assert_eq!(paths(&crawl.starts()), ["/2"]);
    crawl.add(OTHER, &["/3"]);
    assert_eq!(paths(&crawl.starts()), [""; 0], "two are under way there");
    crawl.finish(&gone_on);
    assert_eq!(paths(&crawl.starts()), ["/3"]);
}

#[test]
fn a_job_does_not_go_on_where_it_would_have_to_wait_or_may_not_go() {
    let (mut crawl, here, there) = Crawl::of_two(|bounds| bounds.max_depth = Some(1));
    assert!(crawl.go_on(&here, OTHER, "/secret").is_none(), "its rules forbid it");
    assert!(crawl.go_on(&here, "http://127.0.0.3", "/x").is_none(), "its rules are not known");
    crawl.frontier.rest(there.host, crawl.now + SECOND);
    assert!(crawl.go_on(&here, OTHER, "/x").is_none(), "it rests");
    crawl.now += SECOND;
    let second = crawl.go_on(&here, OTHER, "/x").expect("it has rested");
    assert!(crawl.go_on(&second, OTHER, "/y").is_none(), "that lies too deep");
    crawl.fail(&there, Trouble::Refused);
    assert!(crawl.go_on(&second, OTHER, "/y").is_none(), "it is lost");
}

#[test]
fn where_a_host_has_a_delay_a_job_goes_on_when_no_other_is_there() {
    let (mut crawl, here, there) = Crawl::of_two(|bounds| bounds.delay = Some(SECOND));
    crawl.now += SECOND;
    assert!(crawl.go_on(&here, OTHER, "/x").is_none(), "one at a time");
    crawl.finish(&there);
    crawl.frontier.asked(there.host, crawl.now);
    assert!(crawl.go_on(&here, OTHER, "/x").is_none(), "its pause begins");
    crawl.now += SECOND;
    assert!(crawl.go_on(&here, OTHER, "/x").is_some());
}

#[test]
fn a_page_that_is_gone_on_to_is_one_of_those_asked_for() {
    let mut crawl = Crawl::of(&["/1", "/2"], |bounds| bounds.max_pages = Some(2));
    crawl.add(SITE, &["/3"]);
    let first = crawl.start();
    let second = crawl.go_on(&first, SITE, "/x").expect("the second of two");
    assert!(crawl.go_on(&second, SITE, "/y").is_none(), "two were asked for");
    assert!(crawl.is_idle());
    crawl.finish(&second);
    assert!(crawl.is_over());
}
