// Stands in for the package style-mod: rules go into sheets made by script, where the original writes <style> elements,
// which a policy of `default-src 'self'` forbids.
import { StyleModule as Original } from "./node_modules/style-mod/src/style-mod.js";

const mounted = new Map();

export class StyleModule extends Original {
  static mount(root, modules) {
    const wanted = Array.isArray(modules) ? modules : [modules];
    for (const module of wanted) {
      if (mounted.has(module)) continue;
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(module.getRules());
      mounted.set(module, sheet);
    }
    const ours = new Set(mounted.values());
    // Later ones win: those of this call go to the end, in their order.
    const chosen = wanted.map((module) => mounted.get(module));
    const others = [...ours].filter((sheet) => !chosen.includes(sheet));
    const strangers = root.adoptedStyleSheets.filter((sheet) => !ours.has(sheet));
    root.adoptedStyleSheets = [...strangers, ...others, ...chosen];
  }
}
