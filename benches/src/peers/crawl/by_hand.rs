//! A crawler as one writes it in an hour with reqwest and lol_html: a queue, a set of what was seen, a task per page.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use lol_html::html_content::Element;
use lol_html::send::{ElementContentHandlers, HtmlRewriter, SendHandlerTypes, Settings};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, header};
use tokio::task::JoinSet;
use url::Url;

use super::Found;
use crate::peers::Failed;

/// Fetches every page of the origin that can be reached.
pub(super) async fn crawl(start: Url, in_flight: usize) -> Result<Found, Failed> {
    let client = Client::builder().user_agent("by-hand").redirect(Policy::none()).build()?;
    let mut seen = HashSet::from([start.clone()]);
    let mut queue = VecDeque::from([start.clone()]);
    let mut tasks = JoinSet::new();
    let mut pages = 0;
    loop {
        while tasks.len() < in_flight
            && let Some(url) = queue.pop_front()
        {
            tasks.spawn(fetch(client.clone(), url));
        }
        let Some(fetched) = tasks.join_next().await else { break };
        let (is_page, links) = fetched??;
        pages += u64::from(is_page);
        for link in links {
            if link.origin() == start.origin() && !seen.contains(&link) {
                seen.insert(link.clone());
                queue.push_back(link);
            }
        }
    }
    Ok(Found { pages, links: seen.len() as u64 })
}

/// Was it there, and what does it link to?
async fn fetch(client: Client, url: Url) -> Result<(bool, Vec<Url>), Failed> {
    let mut response = client.get(url.clone()).send().await?;
    let field = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    if let Some(location) = field(header::LOCATION) {
        return Ok((false, url.join(location).into_iter().collect()));
    }
    if !response.status().is_success() {
        return Ok((false, Vec::new()));
    }
    if field(header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/html")) {
        return Ok((true, links(&url, response).await?));
    }
    while response.chunk().await?.is_some() {}
    Ok((true, Vec::new()))
}

async fn links(url: &Url, mut response: Response) -> Result<Vec<Url>, Failed> {
    let found = Arc::new(Mutex::new(Vec::new()));
    let (base, links) = (url.clone(), Arc::clone(&found));
    let anchor = move |element: &mut Element<'_, '_, SendHandlerTypes>| {
        if let Some(href) = element.get_attribute("href")
            && let Ok(mut link) = base.join(&href.replace("&amp;", "&"))
        {
            link.set_fragment(None);
            links.lock().unwrap_or_else(PoisonError::into_inner).push(link);
        }
        Ok(())
    };
    let handlers = ElementContentHandlers::default().element(anchor);
    let selector = std::borrow::Cow::Owned("a[href]".parse().expect("a selector"));
    let settings = Settings::new_send().with_strict(false).append_element_content_handler((selector, handlers));
    let mut rewriter = HtmlRewriter::new(settings, |_: &[u8]| {});
    while let Some(chunk) = response.chunk().await? {
        rewriter.write(&chunk)?;
    }
    rewriter.end()?;
    let found = std::mem::take(&mut *found.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(found)
}
