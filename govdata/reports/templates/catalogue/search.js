"use strict";
(() => {
  const box = document.getElementById("search"), input = document.getElementById("find"), found = document.getElementById("found"), idle = document.getElementById("idle");
  const rows = [...document.querySelectorAll("tr[data-find]")].map((row) => [row, row.dataset.find]);
  const sections = [...document.querySelectorAll("section")].filter((each) => each.querySelector("tr[data-find]"));
  const plain = (text) => text.normalize("NFKC").toLowerCase();
  const filter = () => {
    const words = plain(input.value).split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const [row, text] of rows) {
      row.hidden = !words.every((word) => text.includes(word));
      if (!row.hidden) shown += 1;
    }
    for (const section of sections) section.hidden = !section.querySelector("tr[data-find]:not([hidden])");
    idle.hidden = words.length > 0;
    found.textContent = words.length ? (shown ? `${shown} 项` : "没有找到，请换一个词") : "";
    history.replaceState(null, "", words.length ? `#q=${encodeURIComponent(input.value)}` : "#");
  };
  box.hidden = false;
  const asked = location.hash.match(/^#q=(.*)$/);
  if (asked) {
    input.value = decodeURIComponent(asked[1]);
    filter();
  }
  input.addEventListener("input", filter);
})();
