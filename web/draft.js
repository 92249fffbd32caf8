// What was typed and not handed in yet, kept in this browser for each account and exercise.

export class Draft {
  constructor(account, slug) {
    this.key = `gradiente:draft:${account}:${slug}`;
  }

  /** The draft; null: there is none. */
  read() {
    try {
      return localStorage.getItem(this.key);
    } catch {
      return null; // storage may be switched off
    }
  }

  /** Keep the text, or forget it when it is only the stub. Returns whether it is kept. */
  keep(text, stub) {
    try {
      if (text.trim() === stub.trim()) localStorage.removeItem(this.key);
      else localStorage.setItem(this.key, text);
      return true;
    } catch {
      return false; // full, or switched off
    }
  }
}
