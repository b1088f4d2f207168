//! Which links a page has, and that it does not matter where it is cut.

use super::*;

fn read(html: &str) -> Links {
    read_in_pieces(html, usize::MAX)
}

fn read_in_pieces(html: &str, octets: usize) -> Links {
    let mut reader = LinkReader::new(Inkpad::new());
    html.as_bytes().chunks(octets.min(html.len().max(1))).for_each(|piece| reader.feed(piece));
    reader.end()
}

fn hrefs(html: &str) -> Vec<String> {
    read(html).iter().map(|(_, href)| href.to_owned()).collect()
}

#[test]
fn anchors_areas_frames_and_some_link_elements() {
    let html = r#"<link rel=stylesheet href=s.css><link rel="shortcut icon" href=i.ico><link rel="next" href=next.html>
        <link rel=alternate type=application/rss+xml href=feed><link rel="alternate" type="text/html" href=de.html>
        <a href="a.html">a</a><A HREF='b.html'>b</A><map><area href=c.html></map><iframe src=d.html></iframe>
        <img src=e.png><script src=f.js></script><form action=g></form><a name=h>h</a>"#;
    assert_eq!(hrefs(html), ["next.html", "de.html", "a.html", "b.html", "c.html", "d.html"]);
}

#[test]
fn what_only_looks_like_a_link_is_none() {
    let html = r#"<!-- <a href=comment> --><script>"<a href=script>"</script><textarea><a href=text></textarea>
        <title><a href=title></title><a href=real>"#;
    assert_eq!(hrefs(html), ["real"]);
}

#[test]
fn fragments_and_blanks_are_no_part_of_it() {
    let html = r##"<a href="x#one"><a href=" y "><a href="#top"><a href=""><a href="z?q#">"##;
    assert_eq!(hrefs(html), ["x", "y", "z?q"]);
}

#[test]
fn character_references_are_resolved_first() {
    assert_eq!(
        hrefs(r#"<a href="x?a=1&amp;b=2"><a href="&#47;y&#35;z"><a href="x?a=1&b=2">"#),
        ["x?a=1&b=2", "/y", "x?a=1&b=2"]
    );
}

#[test]
fn nofollow_of_a_link_and_of_a_page() {
    assert_eq!(hrefs(r#"<a rel="external NoFollow" href=x><a rel=nofollower href=y>"#), ["y"]);
    for content in ["nofollow", "noindex, NOFOLLOW", "none"] {
        assert!(read(&format!("<meta name=Robots content='{content}'><a href=x>")).nofollow, "{content}");
    }
    assert!(read("<meta name=hinternet-crawler content=nofollow>").nofollow);
    assert!(!read("<meta name=robots content='noindex, follow'><meta name=otherbot content=none>").nofollow);
}

#[test]
fn the_first_base_counts() {
    assert_eq!(read("<base href='/a/?x&amp;y'><base href=/b/>").base.as_deref(), Some("/a/?x&y"));
    assert_eq!(read("<base target=_top><a href=x>").base, None);
}

#[test]
fn a_page_may_be_cut_anywhere() {
    let html = "<p>ö</p><a class=\"a b\" href='first.html?ö=&amp;'>x</a><!-- > --><a href=second>";
    for octets in 1..html.len() {
        let links = read_in_pieces(html, octets);
        let hrefs: Vec<_> = links.iter().map(|(_, href)| href).collect();
        assert_eq!(hrefs, ["first.html?ö=&", "second"], "in pieces of {octets}");
    }
}

#[test]
fn an_endless_tag_ends_the_reading_and_not_the_memory() {
    let mut reader = LinkReader::new(Inkpad::new());
    reader.feed(b"<a href=kept><a title='");
    for _ in 0..2 * MEMORY / 4096 {
        reader.feed(&[b'x'; 4096]);
    }
    let links = reader.end();
    assert!(links.cut_off);
    assert_eq!(links.len(), 1);
}
