"use strict";

// The picker of theme/header.hbs, put into the menu bar, leads to this page in each language.
{
  const picker = document.getElementById("languages");
  const home = new URL(path_to_root || "./", location.href);
  const page = location.pathname.slice(home.pathname.length);
  for (const link of picker.querySelectorAll("a")) {
    if (link.lang === document.documentElement.lang) link.setAttribute("aria-current", "true");
    link.href = new URL(page, link.href).href;
  }
  document.querySelector(".right-buttons").prepend(picker);
}
