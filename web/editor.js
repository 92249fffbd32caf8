// The editor of the exercise page. The textarea stays in the form: it is what is sent, and what there is without this.
import { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { pythonLanguage } from "@codemirror/lang-python";
import { bracketMatching, indentOnInput, indentUnit } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import {
  EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers,
} from "@codemirror/view";
import { Draft } from "./draft.js";
import { look } from "./look.js";

/** How long Tab moves on to the next element after Escape. */
const LEAVE_MS = 60_000;
const KEEP_MS = 400;

const area = document.querySelector("textarea[data-editor]");
if (area) start(area);

function start(textarea) {
  const form = textarea.form;
  const { account, slug } = textarea.dataset;
  const stub = document.getElementById("stub").content.textContent;
  const status = form.querySelector("[data-draft]");
  const draft = new Draft(account, slug);
  const isFresh = textarea.value.trim() === stub.trim();
  const kept = isFresh ? draft.read() : null;
  let timer = 0;

  const view = new EditorView({
    doc: kept ?? textarea.value,
    extensions: [...extensions(textarea, form), EditorView.updateListener.of(changed)],
  });
  textarea.before(view.dom);
  textarea.hidden = true;
  textarea.value = view.state.doc.toString();
  for (const element of form.querySelectorAll("[data-with-editor]")) element.hidden = false;
  form.querySelector(`label[for="${textarea.id}"]`).addEventListener("click", () => view.focus());
  if (kept !== null) say("found");

  function changed(update) {
    if (!update.docChanged) return;
    textarea.value = update.state.doc.toString();
    clearTimeout(timer);
    timer = setTimeout(keep, KEEP_MS);
  }

  function keep() {
    clearTimeout(timer);
    timer = 0;
    say(draft.keep(textarea.value, stub) ? "kept" : "lost");
  }

  function say(what) {
    const text = status.dataset[what];
    // A screen reader would read the same sentence again after each pause in typing.
    if (status.textContent !== text) status.textContent = text;
  }

  function replace(text) {
    view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text }, selection: { anchor: 0 }, scrollIntoView: true });
    view.focus();
  }

  window.addEventListener("pagehide", () => timer && keep());
  form.querySelector('[data-code="stub"]')?.addEventListener("click", (event) => {
    event.preventDefault();
    replace(stub);
  });
  form.querySelector('[data-code="last"]')?.addEventListener("click", async (event) => {
    event.preventDefault();
    const link = event.currentTarget;
    const response = await fetch(link.dataset.file).catch(() => null);
    // Without an answer the link itself does it, with what the server says.
    if (!response?.ok || response.redirected) location.assign(link.href);
    else replace(await response.text());
  });
  chooseOne(form, textarea);
}

/** A chosen file is what is handed in; the code stays in the editor. */
function chooseOne(form, textarea) {
  const file = form.querySelector('input[type="file"]');
  const note = form.querySelector("[data-file-note]");
  const show = () => {
    note.hidden = !file.files.length;
  };
  file.addEventListener("change", show);
  note.querySelector("button").addEventListener("click", () => {
    file.value = "";
    show();
    file.focus();
  });
  form.addEventListener("submit", () => {
    textarea.disabled = file.files.length > 0;
  });
  window.addEventListener("pageshow", () => {
    textarea.disabled = false;
    show();
  });
}

function extensions(textarea, form) {
  const hand_in = () => (form.requestSubmit(), true);
  const leave = (view) => (view.setTabFocusMode(LEAVE_MS), false);
  return [
    lineNumbers(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    history(),
    drawSelection(),
    indentUnit.of("    "),
    EditorState.tabSize.of(4),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    pythonLanguage,
    look,
    keymap.of([
      { key: "Mod-Enter", run: hand_in },
      { key: "Escape", run: leave },
      ...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, indentWithTab,
    ]),
    EditorView.contentAttributes.of({
      "aria-labelledby": "code-label",
      "aria-describedby": textarea.getAttribute("aria-describedby") ?? "",
      spellcheck: "false",
      tabindex: "0",
    }),
  ];
}
