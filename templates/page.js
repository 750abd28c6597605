"use strict";
(() => {
  const bar = document.getElementById("filter");
  const rows = Array.from(document.querySelectorAll("#vm-rows > tr"), (row) => ({
    row, text: row.textContent.toLowerCase(), kind: row.className,
  }));
  if (bar) {
    const [words, kind, told] = ["filter-words", "filter-kind", "filter-told"].map((id) => document.getElementById(id));
    const apply = () => {
      const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const one of rows) {
        const is = (!kind.value || one.kind === kind.value) && wanted.every((word) => one.text.includes(word));
        one.row.hidden = !is;
        shown += is ? 1 : 0;
      }
      told.textContent = shown + " of " + rows.length + " VMs";
    };
    words.addEventListener("input", apply);
    kind.addEventListener("change", apply);
    words.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { words.value = ""; apply(); }
    });
    bar.hidden = false;
    apply();
  }
  const closed = () => document.querySelectorAll("details:not([open])");
  let opened = [];
  addEventListener("beforeprint", () => { opened = [...closed()]; opened.forEach((one) => { one.open = true; }); });
  addEventListener("afterprint", () => { opened.forEach((one) => { one.open = false; }); });
})();
