import type { Curves, PageData, RunView, SettingView } from '../data.js';
import type { By, Quantity } from '../run.js';
import type { charts, Chart, DrawnCurve } from './charts.js';
import type { Markup, ModelData, ModelView } from './markup.js';

/** What the page's script is given. */
export interface ClientData extends PageData {
  /** The curves of each setting; null where a server tells them. */
  readonly curves: Readonly<Record<string, Readonly<Record<By, Curves>>>> | null;
  /** What the page already has of a server that goes on; null where there is none. */
  readonly live: Stamp | null;
}

/** Which server, since it began, and its how many-eth state. */
export interface Stamp {
  readonly instance: string;
  readonly version: number;
}

/** What has changed since a state that the page has; with `reset`, all there is. */
export interface Change extends Stamp, Pick<PageData, 'settings' | 'runs' | 'leftOut'> {
  readonly reset: boolean;
  /** How many of the files have been read, until all have. */
  readonly reading: { readonly done: number; readonly all: number } | null;
}

/**
 * The script of the page: it draws the charts, answers the controls and, where a server goes on, keeps up with it. The page
 * holds its source text, so it may use nothing but its arguments and the browser.
 */
export function showReport(data: ClientData, markup: Markup, chartIn: ReturnType<typeof charts>): void {
  const settings = new Map(data.settings.map((setting) => [setting.key, setting]));
  const runs = new Map(data.runs.map((run) => [run.key, run]));
  let { leftOut } = data;
  const main = document.querySelector('main') ?? document.body;
  const darkScheme = matchMedia('(prefers-color-scheme: dark)');
  const sections = new Map<string, Section>();
  const known = new Map<string, { readonly version: number; readonly by: Partial<Record<By, Curves>> }>();

  interface Section {
    readonly element: HTMLElement;
    update(model: ModelData): void;
  }

  renew();
  if (data.live) follow(data.live);

  /** Puts what is known into the page. */
  function renew(): void {
    const models = markup.modelsOf({ settings: [...settings.values()], runs: [...runs.values()] });
    for (const [name, section] of sections) {
      if (models.has(name)) continue;
      section.element.remove();
      sections.delete(name);
    }
    let index = 0;
    for (const [name, model] of models) {
      const section = sections.get(name) ?? sectionOf(name, model, `model-${index}`);
      sections.set(name, section);
      section.update(model);
      index++;
    }
    const all = [...runs.values()];
    fill('counts', data.live && all.length > 0 ? markup.counts(all) : '');
    fill('unfinished', markup.unfinishedList(all));
    fill('leftOut', markup.leftOutList(leftOut));
    document.getElementById('empty')?.toggleAttribute('hidden', all.length > 0);
  }

  function fill(id: string, html: string): void {
    const element = document.getElementById(id);
    if (element) morph(element, html);
  }

  function sectionOf(name: string, model: ModelData, id: string): Section {
    const there = document.getElementById(id);
    const element = there ?? document.createElement('div');
    if (!there) {
      element.innerHTML = markup.section(model, id);
      main.append(...element.children);
    }
    return showModel(document.getElementById(id) ?? element, name, model);
  }

  function showModel(section: HTMLElement, name: string, first: ModelData): Section {
    let model = first;
    let view: ModelView = markup.defaultView(model.settings);
    let chosen = false;
    const hidden = new Set<string>();
    const isShown = (key: string) => !hidden.has(key);
    const all = <T extends Element>(selector: string) => Array.from(section.querySelectorAll<T>(selector));
    let drawn: { chart: Chart; quantity: Quantity | 'learned' }[] = [];
    let look = '';
    let zoomed = false;
    let asking = false;
    let askAgain = false;

    /** The parts that are text; then the charts, once their curves are here. */
    const renewSection = () => {
      const parts = markup.parts(model, view, isShown);
      for (const element of all<HTMLElement>('[data-part]')) morph(element, parts[element.dataset.part ?? ''] ?? '');
      rove();
      void draw();
    };

    const draw = async (anew = false) => {
      if (anew) look = '';
      const by = section.querySelector<HTMLSelectElement>('select[name=by]')?.value as By;
      const shown = markup.drawnOf(model.settings, view);
      if (data.curves === null && isOld(shown, by)) {
        // One request at a time; what has changed meanwhile is asked for after it.
        askAgain = asking;
        if (asking) return;
        asking = true;
        const came = await ask(shown, by);
        asking = false;
        if (!came) return;
        if (askAgain || markup.drawnOf(model.settings, view).some(({ key }) => !known.has(key))) {
          askAgain = false;
          void draw();
        }
      }
      drawNow(by);
    };

    const drawNow = (by: By) => {
      const shown = markup.drawnOf(model.settings, view);
      const [labels, looks] = [markup.drawnLabels(shown, view), markup.looksOf(shown)];
      const curvesBy = ({ key }: SettingView) => data.curves?.[key]?.[by] ?? known.get(key)?.by[by];
      const learned = markup.learnedCurves(shown, view).flatMap(({ setting, symbol, label, look }): DrawnCurve[] => {
        const { colour: light, dark, dash, width } = look;
        const symbols = curvesBy(setting)?.learned ?? {};
        const curve = Object.hasOwn(symbols, symbol) && symbols[symbol];
        return curve ? [{ key: setting.key, label, light, dark, dash, width, curve }] : [];
      });
      const curvesOf = (quantity: Quantity | 'learned') => {
        if (quantity === 'learned') return learned;
        return shown.flatMap((setting, index): DrawnCurve[] => {
          const curve = curvesBy(setting)?.[quantity];
          const { colour: light, dark, dash, width } = looks[index] ?? data.methods[setting.method];
          return curve ? [{ key: setting.key, label: labels[index] ?? '', light, dark, dash, width, curve }] : [];
        });
      };
      section.querySelector('figure[data-quantity=learned]')?.toggleAttribute(
        'hidden',
        shown.every((setting) => setting.learned.length === 0),
      );
      const logX = by === 'iteration' && isChecked(section, 'logX');
      const wanted = JSON.stringify([
        ...[by, logX, all<HTMLInputElement>('input[name=logY]').map(({ checked }) => checked)],
        ...[curvesOf('loss'), learned].map((curves) =>
          curves.map(({ key, label, light, curve }) => [key, label, light, curve.length]),
        ),
      ]);
      if (wanted === look) {
        for (const { chart, quantity } of drawn) chart.update(curvesOf(quantity), !zoomed);
        return;
      }
      look = wanted;
      zoomed = false;
      for (const { chart } of drawn) chart.destroy();
      drawn = all<HTMLElement>('figure[data-quantity]:not([hidden])').map((figure) => {
        const quantity = figure.dataset.quantity as Quantity | 'learned';
        const options = {
          ...{ curves: curvesOf(quantity), by, logX, logY: isChecked(figure, 'logY'), group: name, isShown },
          zoomed: (now: boolean) => (zoomed = now),
        };
        return { quantity, chart: chartIn(figure.querySelector<HTMLElement>('.chart') ?? figure, options) };
      });
    };

    const choose = (change: Partial<ModelView>) => {
      view = { ...view, ...change };
      chosen = true;
      renewSection();
    };

    section.addEventListener('click', ({ target }) => {
      const button = target instanceof Element ? target.closest('button') : null;
      if (button?.dataset.run !== undefined) {
        const key = button.dataset.run;
        const show = hidden.delete(key);
        if (!show) hidden.add(key);
        button.setAttribute('aria-pressed', String(show));
        for (const { chart } of drawn) chart.show(key, show);
      } else if (button?.dataset.rates !== undefined) choose({ choice: button.dataset.rates });
      else if (button?.dataset.reset !== undefined) void draw(true);
    });
    section.addEventListener('change', ({ target }) => {
      if (!(target instanceof HTMLSelectElement || target instanceof HTMLInputElement)) return;
      if (target.name === 'figure') choose({ figure: target.value as ModelView['figure'] });
      else if (target.name === 'choice') choose({ choice: target.value });
      else if (target.name === 'learned') choose({ learned: target.value });
      else void draw(true);
    });
    section.addEventListener('keydown', (event) => moveInMap(event, section));
    darkScheme.addEventListener('change', () => void draw(true));
    new ResizeObserver(() => {
      for (const { chart } of drawn) chart.fit();
    }).observe(section);

    /** Of all cells, one can be reached by the tab key, and the arrow keys lead on from it. */
    const rove = () => {
      const cells = all<HTMLButtonElement>('button.cell');
      const active = cells.find((cell) => cell === document.activeElement) ?? cells[0];
      if (active) active.tabIndex = 0;
    };

    return {
      element: section,
      update(now) {
        model = now;
        // A sweep begins with few settings; once they are many, it shows the best until somebody has chosen.
        if (!chosen) view = markup.defaultView(model.settings);
        renewSection();
      },
    };
  }

  function isChecked(parent: HTMLElement, name: string): boolean {
    return parent.querySelector<HTMLInputElement>(`input[name=${name}]`)?.checked ?? false;
  }

  function moveInMap(event: KeyboardEvent, section: HTMLElement): void {
    const cell = event.target instanceof Element ? event.target.closest('td') : null;
    const steps: Partial<Record<string, readonly [across: number, down: number]>> = {
      ...{ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] },
    };
    const step = steps[event.key];
    if (!cell || !step || !section.contains(cell)) return;
    const row = cell.closest('tr');
    const rows = Array.from(cell.closest('tbody')?.rows ?? []);
    const maps = Array.from(section.querySelectorAll<HTMLTableElement>('table.heat'));
    const nextMap = maps[maps.findIndex((map) => map.contains(cell)) + step[0]];
    const next =
      rows[rows.findIndex((each) => each === row) + step[1]]?.cells[cell.cellIndex + step[0]] ??
      (step[0] === 0 ? undefined : nextMap?.tBodies[0]?.rows[row ? rows.indexOf(row) : 0]?.cells[1]);
    const button = next?.querySelector('button');
    if (!button) return;
    event.preventDefault();
    for (const each of section.querySelectorAll<HTMLButtonElement>('button.cell')) each.tabIndex = -1;
    button.tabIndex = 0;
    button.focus();
  }

  function isOld(shown: readonly SettingView[], by: By): boolean {
    return shown.some(({ key, version }) => {
      const there = known.get(key);
      return there?.by[by] === undefined || there.version < version;
    });
  }

  /** Asks the server for curves that are not here, or older than their runs; tells whether they came. */
  async function ask(shown: readonly SettingView[], by: By): Promise<boolean> {
    const old = shown.filter((setting) => isOld([setting], by));
    const query = new URLSearchParams([['by', by], ...old.map(({ key }) => ['of', key])]);
    try {
      const response = await fetch(`curves?${query.toString()}`);
      if (!response.ok) return false;
      const came = (await response.json()) as Record<string, { version: number; curves: Curves }>;
      for (const [key, { version, curves }] of Object.entries(came)) {
        const before = known.get(key);
        known.set(key, { version, by: { ...(before?.version === version ? before.by : {}), [by]: curves } });
      }
      return true;
    } catch {
      return false; // the line to the server says that it is gone
    }
  }

  /** Takes what the server sends; where it is out of reach, says so and tries again until it is back. */
  function follow(from: Stamp): void {
    let stamp = from;
    const state = (name: 'live' | 'gone', text: string) => {
      const line = document.getElementById('line');
      if (!line || line.textContent === text) return;
      line.className = name;
      line.textContent = text;
    };
    connect();

    function connect(): void {
      const source = new EventSource(`events?since=${stamp.instance}-${stamp.version}`);
      source.addEventListener('open', () => state('live', 'Connected: this page follows the runs.'));
      source.addEventListener('change', ({ data: text }: MessageEvent<string>) => {
        const change = JSON.parse(text) as Change;
        stamp = change;
        take(change);
      });
      source.addEventListener('error', () => {
        state(
          'gone',
          'Disconnected: hypergrad watch has ended or is out of reach. What is shown stays; trying again …',
        );
        // After some errors the browser gives up by itself.
        if (source.readyState !== EventSource.CLOSED) return;
        source.close();
        setTimeout(connect, 2000);
      });
    }
  }

  function take(change: Change): void {
    if (change.reset) {
      settings.clear();
      runs.clear();
      known.clear();
    }
    for (const setting of change.settings) settings.set(setting.key, setting);
    for (const run of change.runs) runs.set(run.key, run);
    leftOut = change.leftOut;
    const { reading } = change;
    fill('reading', reading === null ? '' : `Reading: ${reading.done} of ${reading.all} files.`);
    tellFailures(change.runs);
    renew();
  }

  /** Said aloud by what reads a page to its user: that a run has failed, but not how all others get on. */
  function tellFailures(changed: readonly RunView[]): void {
    const failed = changed.filter(({ state }) => state === 'failed');
    const element = document.getElementById('failures');
    if (failed.length > 0 && element) element.textContent = `Failed: ${failed.map(({ name }) => name).join(', ')}`;
  }

  /** Makes the contents of an element those of `html`, and leaves alone what is the same: focus and scrolling stay. */
  function morph(element: Element, html: string): void {
    const wanted = document.createElement('template');
    wanted.innerHTML = html;
    morphChildren(element, wanted.content);
  }

  function morphChildren(element: Node, wanted: Node): void {
    const [before, after] = [Array.from(element.childNodes), Array.from(wanted.childNodes)];
    for (const [index, node] of after.entries()) {
      const old = before[index];
      if (!old) element.appendChild(node);
      else if (old instanceof Element && node instanceof Element && old.tagName === node.tagName)
        morphElement(old, node);
      else if (old.nodeType !== node.nodeType || old instanceof Element) old.parentNode?.replaceChild(node, old);
      else if (old.nodeValue !== node.nodeValue) old.nodeValue = node.nodeValue;
    }
    for (const old of before.slice(after.length)) old.parentNode?.removeChild(old);
  }

  function morphElement(old: Element, node: Element): void {
    for (const { name } of Array.from(old.attributes)) if (!node.hasAttribute(name)) old.removeAttribute(name);
    for (const { name, value } of Array.from(node.attributes)) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    morphChildren(old, node);
    // Whoever has chosen something has changed the property, not the attribute.
    if (old instanceof HTMLSelectElement && node instanceof HTMLSelectElement) old.value = node.value;
  }
}
