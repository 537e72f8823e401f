import type { Figure, FigureName, MethodStyle, PageData, RunView, SettingView, ViewState } from '../data.js';

/** What of a model's settings is looked at. */
export interface ModelView {
  /** 'all', 'best' (of each method), or the `rates` of those that are drawn. */
  readonly choice: string;
  /** What the heat maps show, and 'best' goes by. */
  readonly figure: FigureName;
  /** Which of what is learned besides α is drawn, as `mu`, `alpha`; of another, the first. */
  readonly learned: string;
}

/** A curve of what a setting learns besides α. */
export interface LearnedCurve {
  readonly setting: SettingView;
  /** As in `SettingView.learned`. */
  readonly symbol: string;
  readonly label: string;
  readonly look: MethodStyle;
}

/** A model's settings and runs, in the order of the page. */
export interface ModelData {
  readonly title: string;
  readonly settings: readonly SettingView[];
  readonly runs: readonly RunView[];
}

/** The parts of a page that hold its texts: all but the charts. */
export type Markup = ReturnType<typeof markup>;

/**
 * The page's texts as HTML. They are made here and, where runs go on, in the browser: the page holds the source text of
 * this function, so it may use nothing but its arguments.
 */
export function markup({
  methods,
  reach,
  provenanceTitles,
}: Pick<PageData, 'methods' | 'reach'> & { provenanceTitles: readonly string[] }) {
  /** Settings that charts show at once; rows of a table; runs of a state that are listed. */
  const [mostDrawn, mostRows, mostListed] = [12, 300, 50];

  /** Text as HTML, also within an attribute's quotes. */
  const escape = (text: string) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
  const styleOf = ({ method }: SettingView): MethodStyle => methods[method];
  const hasAlpha0 = (setting: SettingView) => styleOf(setting).hasAlpha0;
  const hasBeta = (setting: SettingView) => styleOf(setting).hasBeta;
  /** What a setting's path tells besides α₀ and β. */
  const moreOf = ({ rates }: SettingView) => rates.split('/').slice(1).join('/');

  function modelsOf({ settings, runs }: Pick<PageData, 'settings' | 'runs'>): Map<string, ModelData> {
    const models = new Map<string, { title: string; settings: SettingView[]; runs: RunView[] }>();
    const inOrder = <T extends { readonly order: string }>(all: readonly T[]) =>
      [...all].sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0));
    for (const setting of inOrder(settings)) {
      const model = models.get(setting.model) ?? { title: setting.title, settings: [], runs: [] };
      model.settings.push(setting);
      models.set(setting.model, model);
    }
    for (const run of inOrder(runs)) models.get(run.model)?.runs.push(run);
    return models;
  }

  /** `+1e-03_+1e-07/mu=0.5` as 'α₀ 1e-03, β 1e-07, mu=0.5', without what of it is not used; any other name as it is. */
  function ratesText(setting: SettingView, { withBeta = hasBeta(setting), withMore = true } = {}): string {
    const rate = /^(?:[+-](\de[+-]\d+)|none)_(?:[+-](\de[+-]\d+)|none)(?:\/(.+))?$/;
    const found = rate.exec(setting.rates);
    if (!found) return setting.rates;
    const [, alpha, beta, more] = found;
    return [
      ...(alpha === undefined ? [] : [`α₀ ${alpha}`]),
      ...(beta !== undefined && withBeta ? [`β ${beta}`] : []),
      ...(more !== undefined && withMore ? [more] : []),
    ].join(', ');
  }

  /** Methods' names; with the rates where a method occurs more than once, or each has its own. What all share is left out. */
  function labelsOf(settings: readonly SettingView[], each = false): string[] {
    const [one] = settings;
    const withMore = settings.some((setting) => moreOf(setting) !== moreOf(one!));
    const seedsDiffer = settings.some(({ runs }) => runs !== one?.runs);
    return settings.map((setting) => {
      const { method, runs, finished, diverged, state } = setting;
      const repeated = each || settings.filter((other) => other.method === method).length > 1;
      const words = [
        `${styleOf(setting).label} ${repeated ? ratesText(setting, { withMore }) : ''}`.trimEnd(),
        ...(runs > 1 && seedsDiffer ? [`${runs} seeds`] : []),
        ...(runs > 1 && diverged.length > 0 ? [`${diverged.length} of ${runs} diverged`] : []),
      ].join(', ');
      if (finished === runs) return words;
      const stateWord = state === 'running' ? 'under way' : state;
      return `${words} (${runs > 1 ? `${runs - finished} unfinished` : stateWord})`;
    });
  }

  /** Whether a method has several α₀ or β. */
  function isGrid(settings: readonly SettingView[]): boolean {
    const firsts = new Map<string, SettingView>();
    return settings.some((setting) => {
      const like = `${setting.method} ${moreOf(setting)}`;
      const first = firsts.get(like) ?? setting;
      firsts.set(like, first);
      return first.alpha0 !== setting.alpha0 || first.beta !== setting.beta;
    });
  }

  /** Whether the charts can show all settings at once: they are few, or one a method. */
  function fits(settings: readonly SettingView[]): boolean {
    return settings.length <= mostDrawn || new Set(settings.map(({ method }) => method)).size === settings.length;
  }

  function defaultView(settings: readonly SettingView[]): ModelView {
    return { choice: fits(settings) ? 'all' : 'best', figure: 'validLoss', learned: '' };
  }

  /** What `ModelView.choice` can be, and how it is called; none where all are drawn in any case. */
  function choicesOf(settings: readonly SettingView[]): (readonly [value: string, words: string])[] {
    if (fits(settings) && !isGrid(settings)) return [];
    const withMore = new Set(settings.map(moreOf)).size > 1;
    const rates = new Map(
      settings.map((setting) => [
        setting.rates,
        ratesText(setting, { withBeta: true, withMore }) || 'neither α₀ nor β',
      ]),
    );
    return [
      ...(fits(settings) ? ([['all', 'all settings']] as const) : []),
      ['best', 'the best setting of each method'],
      ...rates,
    ];
  }

  const isDiverged = ({ diverged, runs }: SettingView) => diverged.length === runs;
  const highest = (figure: FigureName) => figure === 'validAccuracy';

  /** The settings that the charts draw. */
  function drawnOf(settings: readonly SettingView[], { choice, figure }: ModelView): SettingView[] {
    if (choice === 'all') return fits(settings) ? [...settings] : settings.slice(0, mostDrawn);
    if (choice !== 'best') {
      const [chosen] = settings.filter(({ rates }) => rates === choice);
      return settings
        .filter(
          (setting) =>
            setting.rates === choice ||
            // A method without β has been trained once for all of them, and one without α₀ once for all of those, too.
            (chosen !== undefined &&
              !hasBeta(setting) &&
              (!hasAlpha0(setting) || setting.alpha0 === chosen.alpha0) &&
              moreOf(setting) === moreOf(chosen)),
        )
        .slice(0, mostDrawn);
    }
    const best = new Map<string, SettingView>();
    const value = (setting: SettingView) => {
      const { mean } = setting.figures[figure];
      return mean === null || isDiverged(setting) ? Infinity : highest(figure) ? -mean : mean;
    };
    for (const setting of settings) {
      const sofar = best.get(setting.method);
      if (!sofar || value(setting) < value(sofar)) best.set(setting.method, setting);
    }
    return [...best.values()];
  }

  function table(titles: readonly string[], rows: readonly string[], label: string): string {
    const head = titles.map((title) => `<th scope="col">${title}</th>`).join('');
    return `<div class="scroll${rows.length > 20 ? ' tall' : ''}" role="region" tabindex="0" aria-label="${escape(label)}"><table class="values">
<thead><tr>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div>`;
  }

  const digits = (value: number) => value.toPrecision(5);
  const percent = (value: number) => `${(100 * value).toFixed(2)} %`;
  interface Column {
    readonly title: string;
    readonly figure: FigureName;
    readonly text: (value: number) => string;
    /** Of a deviation. */
    readonly spread?: (value: number) => string;
    /** Which is the best, if any is. */
    readonly best?: 'lowest' | 'highest';
  }
  const lossColumn = { text: digits, best: 'lowest' } as const;
  const columns: readonly Column[] = [
    { title: 'Epochs', figure: 'epoch', text: (value) => String(Math.round(value)) },
    { title: 'Iterations', figure: 'iteration', text: (value) => String(Math.round(value)) },
    { title: 'Training loss', figure: 'loss', ...lossColumn },
    { title: 'Validation loss', figure: 'validLoss', ...lossColumn },
    { title: 'Its lowest', figure: 'bestValidLoss', ...lossColumn },
    { title: 'Accuracy', figure: 'validAccuracy', text: percent, spread: percent, best: 'highest' },
    { title: 'Learning rate α', figure: 'alpha', text: digits },
    { title: 'Time', figure: 'seconds', text: (value) => `${value.toFixed(1)} s`, best: 'lowest' },
    {
      title: 'ms an iteration',
      figure: 'secondsAnIteration',
      text: (value) => (1000 * value).toPrecision(3),
      best: 'lowest',
    },
    ...(reach === null
      ? []
      : [
          {
            title: `Iterations to a loss of ${reach}`,
            figure: 'reached',
            text: (value: number) => String(Math.round(value)),
            best: 'lowest',
          } as const,
        ]),
  ];

  function figureText({ mean, deviation }: Figure, { text, spread }: Pick<Column, 'text' | 'spread'>): string {
    if (mean === null) return '–';
    if (deviation === null || (deviation === 0 && !spread)) return text(mean);
    return `${text(mean)} ± ${spread ? spread(deviation) : deviation.toPrecision(2)}`;
  }

  /** The settings' last values; where there are very many, of those that are best. */
  function finalTable(all: readonly SettingView[]): string {
    const rank = ({ figures: { validLoss } }: SettingView) => validLoss.mean ?? Infinity;
    const settings = all.length > mostRows ? [...all].sort((a, b) => rank(a) - rank(b)).slice(0, mostRows) : all;
    const labels = labelsOf(settings);
    const seeds = settings.some(({ runs }) => runs > 1);
    const diverged = settings.some((setting) => setting.diverged.length > 0);
    const best = columns.map(({ figure, best: which }) => {
      const means = settings.flatMap(({ figures }) => figures[figure].mean ?? []);
      if (!which || settings.length < 2 || means.length === 0) return undefined;
      return means.reduce((a, b) => (which === 'lowest' ? Math.min(a, b) : Math.max(a, b)));
    });
    const rows = settings.map((setting, index) => {
      const { figures } = setting;
      const cells = columns.map((column, nth) => {
        const figure = figures[column.figure];
        const spread =
          column.figure === 'secondsAnIteration' ? (value: number) => (1000 * value).toPrecision(2) : column.spread;
        const words = figureText(figure, { text: column.text, ...(spread && { spread }) });
        return figure.mean !== null && figure.mean === best[nth]
          ? `<td class="best" title="the best of the column">${words}</td>`
          : `<td>${words}</td>`;
      });
      const divergedCell = setting.runs > 1 ? `seed ${setting.diverged.join(', ')}` : 'diverged';
      return `<tr><th scope="row">${escape(labels[index] ?? '')}</th>${seeds ? `<td>${setting.runs}</td>` : ''}${cells.join('')}${
        diverged ? `<td class="text">${setting.diverged.length > 0 ? escape(divergedCell) : ''}</td>` : ''
      }</tr>`;
    });
    const titles = [
      'Method',
      ...(seeds ? ['Seeds'] : []),
      ...columns.map(({ title }) => title),
      ...(diverged ? ['Diverged'] : []),
    ];
    const note =
      settings.length < all.length
        ? `<p>The ${settings.length} of ${all.length} settings with the lowest validation loss; <code>hypergrad summary</code> prints all.</p>`
        : '';
    return note + table(titles, rows, 'Final values');
  }

  function provenanceTable(settings: readonly SettingView[], runs: readonly RunView[]): string {
    const told = runs.filter(({ provenance }) => provenance !== null);
    if (told.length < runs.length) {
      return `<p>${runs.length} runs are too many for a table of what each of them was; their records, <code>&lt;method&gt;.json</code>, tell.</p>`;
    }
    const labels = labelsOf(settings);
    const labelOf = new Map(
      settings.flatMap(({ key, runs: count }, index) => (count > 1 ? [] : [[key, labels[index] ?? ''] as const])),
    );
    const used = provenanceTitles.map((_, nth) => told.some(({ provenance }) => (provenance?.[nth] ?? '') !== ''));
    const rows = told.map(({ provenance, setting, method, seed, name }) => {
      const seedLabel = seed === null ? name.split('/').slice(1, -1).join('/') : `seed ${seed}`;
      const label = labelOf.get(setting) ?? `${methods[method].label}, ${seedLabel}`;
      const cells = (provenance ?? []).flatMap((text, nth) => {
        if (!used[nth]) return [];
        const isFile = nth >= provenanceTitles.length - 2;
        const words = isFile ? `<code>${escape(text)}</code>` : escape(text === '' ? '–' : text);
        return [`<td${nth >= 6 ? ' class="text"' : ''}>${words}</td>`];
      });
      return `<tr><th scope="row">${escape(label)}</th>${cells.join('')}</tr>`;
    });
    const titles = ['Method', ...provenanceTitles.filter((_, nth) => used[nth])];
    return table(titles, rows, 'Settings and provenance');
  }

  /** Viridis, as the figures have it. */
  const palette = ['440154', '482878', '3e4989', '31688e', '26828e', '1f9e89', '35b779', '6ece58', 'b5de2b', 'fde725'];

  /** 0 for the darkest colour, 1 for the brightest. */
  function colour(share: number): string {
    const place = Math.max(0, Math.min(1, share)) * (palette.length - 1);
    const [low, high] = [Math.floor(place), Math.ceil(place)];
    const part = (index: number, at: number) => parseInt(palette[index]?.slice(at, at + 2) ?? '0', 16);
    const mixed = [0, 2, 4].map((at) => Math.round(part(low, at) + (place - low) * (part(high, at) - part(low, at))));
    return `rgb(${mixed.join(',')})`;
  }

  const figureWords: Partial<Record<FigureName, string>> = {
    loss: 'training loss, last epoch',
    bestLoss: 'training loss, best epoch',
    validLoss: 'validation loss, last epoch',
    bestValidLoss: 'validation loss, best epoch',
    validAccuracy: 'accuracy',
    alpha: 'learning rate at the end',
    ...(reach === null ? {} : { reached: `iterations to a training loss of ${reach}` }),
  };
  const rateText = (value: number) => (value === 0 ? '0' : value.toExponential());

  function cellText(value: number, figure: FigureName): string {
    if (figure === 'validAccuracy') return (100 * value).toFixed(1);
    if (figure === 'reached') return String(Math.round(value));
    const size = Math.abs(value);
    return value === 0 ? '0' : size >= 0.001 && size < 1000 ? value.toPrecision(3) : value.toExponential(0);
  }

  /** Heat maps over α₀ and β, one a method; what is better is brighter. */
  function heatMaps(settings: readonly SettingView[], { figure, choice }: ModelView): string {
    const gridded = [...new Set(settings.map(moreOf))].filter((more) =>
      isGrid(settings.filter((setting) => moreOf(setting) === more)),
    );
    return gridded
      .map((more) => {
        const ofGrid = settings.filter((setting) => moreOf(setting) === more);
        const title = gridded.length > 1 || more !== '' ? `<h4>${escape(more || 'else as usual')}</h4>` : '';
        return title + heatMapsOf(ofGrid, figure, choice);
      })
      .join('');
  }

  function heatMapsOf(settings: readonly SettingView[], figure: FigureName, choice: string): string {
    const log = figure !== 'validAccuracy' && figure !== 'alpha';
    const valueOf = (setting: SettingView) => {
      const { mean } = setting.figures[figure];
      return mean === null || (isDiverged(setting) && figure !== 'alpha') || (log && mean <= 0) ? null : mean;
    };
    const values = settings.flatMap((setting) => valueOf(setting) ?? []);
    const [low, high] = [
      values.reduce((a, b) => Math.min(a, b), Infinity),
      values.reduce((a, b) => Math.max(a, b), -Infinity),
    ];
    const scale = log ? Math.log : (value: number) => value;
    const share = (value: number) => {
      const part = high > low ? (scale(value) - scale(low)) / (scale(high) - scale(low)) : 0.5;
      return log ? 1 - part : part;
    };
    /** Of settings whose method has it. */
    const rates = (name: 'alpha0' | 'beta', of: readonly SettingView[]) =>
      [...new Set(of.flatMap((setting) => setting[name] ?? []))].sort((a, b) => a - b);
    const [alphas, betas] = [
      rates('alpha0', settings.filter(hasAlpha0)).reverse(),
      rates('beta', settings.filter(hasBeta)),
    ];

    const cell = (setting: SettingView | undefined, span: number) => {
      const wide = span > 1 ? ` colspan="${span}"` : '';
      if (!setting) return `<td${wide}></td>`;
      const value = valueOf(setting);
      const { runs, finished, diverged, progress, figures } = setting;
      const mark = value === null ? (isDiverged(setting) ? '×' : finished < runs ? '…' : '–') : cellText(value, figure);
      const some = value !== null && diverged.length > 0 ? ' ×' : '';
      const words = [
        [styleOf(setting).label, ratesText(setting)].filter((text) => text !== '').join(', '),
        value === null
          ? isDiverged(setting)
            ? 'diverged'
            : 'not so far'
          : `${figureWords[figure]} ${figureText(figures[figure], { text: (mean) => cellText(mean, figure) })}`,
        ...(runs > 1 ? [`${runs} seeds`] : []),
        ...(diverged.length > 0 && !isDiverged(setting) ? [`${diverged.length} diverged`] : []),
        ...(finished < runs ? [`${finished} of ${runs} finished`] : []),
      ].join('; ');
      const look =
        value === null ? '' : `background:${colour(share(value))};color:${share(value) < 0.55 ? '#fff' : '#000'};`;
      const bar =
        finished < runs
          ? `<i style="width:${Math.round(100 * ((finished + (runs - finished) * (progress ?? 0)) / runs))}%"></i>`
          : '';
      return `<td${wide}><button type="button" class="cell" tabindex="-1" data-rates="${escape(setting.rates)}" aria-pressed="${setting.rates === choice}" title="${escape(words)}" aria-label="${escape(words)}"${look === '' ? '' : ` style="${look}"`}>${mark}${some}${bar}</button></td>`;
    };
    const order = [...new Set(settings.map(({ method }) => method))].sort(
      (a, b) => Number(methods[a].hasBeta) - Number(methods[b].hasBeta),
    );
    const maps = order.map((method) => {
      const own = settings.filter((setting) => setting.method === method);
      const columns = methods[method].hasBeta && betas.length > 0 ? betas : [null];
      const lines = methods[method].hasAlpha0 && alphas.length > 0 ? alphas : [null];
      const head = columns.map((beta) => `<th scope="col">${beta === null ? 'any β' : rateText(beta)}</th>`).join('');
      const rows = lines.map((alpha) => {
        const cells = columns.map((beta) =>
          cell(
            own.find(
              (setting) => (alpha === null || setting.alpha0 === alpha) && (beta === null || setting.beta === beta),
            ),
            1,
          ),
        );
        return `<tr><th scope="row">${alpha === null ? 'any α₀' : rateText(alpha)}</th>${cells.join('')}</tr>`;
      });
      return `<table class="heat"><caption>${methods[method].label}</caption><thead><tr><th scope="col">α₀ \\ β</th>${head}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
    });
    const better = log ? [high, low] : [low, high];
    const legend =
      values.length === 0
        ? ''
        : `<p class="scale"><span>${cellText(better[0] ?? 0, figure)}</span><span class="ramp" style="background:linear-gradient(90deg,${palette.map((each) => `#${each}`).join(',')})"></span><span>${cellText(better[1] ?? 0, figure)}${figure === 'validAccuracy' ? ' %' : ''}</span></p>`;
    return `<div class="scroll" role="group" aria-label="Heat maps"><div class="maps">${maps.join('\n')}</div></div>${legend}`;
  }

  function options(all: readonly (readonly [value: string, words: string])[], chosen: string): string {
    return all
      .map(
        ([value, words]) =>
          `<option value="${escape(value)}"${value === chosen ? ' selected' : ''}>${escape(words)}</option>`,
      )
      .join('');
  }

  /** The choices of a model's section: what its heat maps show, and which settings its charts draw. */
  function gridControls(settings: readonly SettingView[], { figure }: ModelView): string {
    if (!isGrid(settings)) return '';
    return `<label>Heat maps of <select name="figure">${options(Object.entries(figureWords), figure)}</select></label>`;
  }
  function choiceControl(settings: readonly SettingView[], { choice }: ModelView): string {
    const choices = choicesOf(settings);
    return choices.length === 0
      ? ''
      : `<label>Curves of <select name="choice">${options(choices, choice)}</select></label>`;
  }

  /** A colour on another place of the colour wheel; with `bound`, as dark as a pale page asks for. */
  function turned(hex: string, degrees: number, bound = 255): string {
    const parts = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
    const [r = 0, g = 0, b = 0] = parts;
    const [light, dark] = [Math.max(...parts), Math.min(...parts)];
    const span = light - dark;
    if (span === 0) return hex;
    const hue = light === r ? (g - b) / span : light === g ? (b - r) / span + 2 : (r - g) / span + 4;
    const place = (nth: number) => (nth + hue + degrees / 60 + 18) % 6;
    const mixed = [5, 3, 1].map((nth) => {
      const at = place(nth);
      return light - span * Math.max(0, Math.min(at, 4 - at, 1));
    });
    const brightness = 0.2126 * (mixed[0] ?? 0) + 0.7152 * (mixed[1] ?? 0) + 0.0722 * (mixed[2] ?? 0);
    const part = (value: number) => Math.round(value * Math.min(1, bound / brightness));
    return `#${mixed.map((value) => part(value).toString(16).padStart(2, '0')).join('')}`;
  }

  /** How each curve looks: as its method, and where that is drawn more than once, in colours beside its own. */
  function looksOf(drawn: readonly SettingView[]): MethodStyle[] {
    return drawn.map((setting, index) => {
      const style = styleOf(setting);
      const nth = drawn.slice(0, index).filter(({ method }) => method === setting.method).length;
      return besides(style, nth);
    });
  }

  /** The nth look beside a method's own. */
  function besides(style: MethodStyle, nth: number): MethodStyle {
    const degrees = [0, -70, 140, 210, 70, -35][nth % 6] ?? 0;
    return nth === 0
      ? style
      : { ...style, colour: turned(style.colour, degrees, 150), dark: turned(style.dark, degrees) };
  }

  /** `alpha` of `alpha/conv1`. */
  const kindOf = (symbol: string) => symbol.split('/')[0] ?? symbol;
  const kindWords = new Map(
    Object.entries({ alpha: 'α of each part', beta: 'β', beta1: 'β₁', beta2: 'β₂', mu: 'momentum μ' }),
  );
  const kindsOf = (drawn: readonly SettingView[]) => [...new Set(drawn.flatMap(({ learned }) => learned.map(kindOf)))];
  const kindDrawn = (drawn: readonly SettingView[], { learned }: ModelView) => {
    const kinds = kindsOf(drawn);
    return kinds.includes(learned) ? learned : kinds[0];
  };

  /** What of what is learned besides α is drawn: of each setting all of one kind, the second and further in colours beside its own. */
  function learnedCurves(drawn: readonly SettingView[], view: ModelView): LearnedCurve[] {
    const [kind, labels, looks] = [kindDrawn(drawn, view), drawnLabels(drawn, view), looksOf(drawn)];
    return drawn.flatMap((setting, index) =>
      setting.learned
        .filter((symbol) => kindOf(symbol) === kind)
        .map((symbol, nth) => {
          const part = symbol.split('/').slice(1).join('/');
          const label = [labels[index] ?? '', ...(part === '' ? [] : [part])].join(', ');
          return { setting, symbol, label, look: besides(looks[index] ?? styleOf(setting), nth) };
        }),
    );
  }

  function learnedControl(drawn: readonly SettingView[], view: ModelView): string {
    const kinds = kindsOf(drawn).map((kind) => [kind, kindWords.get(kind) ?? kind] as const);
    return kinds.length < 2
      ? kinds.map(([, words]) => `: ${escape(words)}`).join('')
      : `: <select name="learned">${options(kinds, kindDrawn(drawn, view) ?? '')}</select>`;
  }

  const drawnLabels = (drawn: readonly SettingView[], { choice }: ModelView) => labelsOf(drawn, choice === 'best');

  function methodButtons(drawn: readonly SettingView[], view: ModelView, isShown: (key: string) => boolean): string {
    const [labels, looks] = [drawnLabels(drawn, view), looksOf(drawn)];
    return drawn
      .map((setting, index) => {
        const { colour: light, dark, dash, width } = looks[index] ?? styleOf(setting);
        return `<button type="button" data-run="${escape(setting.key)}" aria-pressed="${isShown(setting.key)}" style="--light:${light};--dark:${dark}">
<svg viewBox="0 0 28 6" aria-hidden="true"><path d="M0 3H28" stroke="currentColor" stroke-width="${1.4 * width}" stroke-dasharray="${dash.join(' ')}"/></svg>${escape(labels[index] ?? '')}</button>`;
      })
      .join('\n');
  }

  /** Whether learning rates ask for a log axis: they lie powers of ten apart, and none is negative. */
  function areFarApart(settings: readonly SettingView[]): boolean {
    const rates = settings.flatMap(({ figures: { alpha } }) => alpha.mean ?? []);
    const positive = rates.filter((rate) => rate > 0);
    return !rates.some((rate) => rate < 0) && Math.max(...positive) > 100 * Math.min(...positive);
  }

  function chart(quantity: string, title: string, log: boolean, hidden = false): string {
    return `<figure data-quantity="${quantity}"${hidden ? ' hidden' : ''}><figcaption><span>${title}</span>
<label><input type="checkbox" name="logY"${log ? ' checked' : ''}> log</label></figcaption><div class="chart"></div></figure>`;
  }

  /** What of a section changes while runs go on, by the names of its `data-part`s. */
  function parts(
    { settings, runs }: ModelData,
    view: ModelView,
    isShown: (key: string) => boolean,
  ): Record<string, string> {
    const drawn = drawnOf(settings, view);
    const bands = drawn.some((setting) => setting.runs > 1);
    return {
      gridControls: gridControls(settings, view),
      maps: heatMaps(settings, view),
      choice: choiceControl(settings, view),
      methods: methodButtons(drawn, view, isShown),
      learned: learnedControl(drawn, view),
      bands: bands
        ? 'A curve of several seeds is their mean, over an area from the lowest to the highest of them; those that diverged are left out.'
        : '',
      final: finalTable(settings),
      provenance: provenanceTable(settings, runs),
    };
  }

  function section(model: ModelData, id: string): string {
    const view = defaultView(model.settings);
    const part = parts(model, view, () => true);
    return `<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${escape(model.title)}</h2>
<div class="controls" data-part="gridControls">${part.gridControls}</div>
<div data-part="maps">${part.maps}</div>
<div class="controls" data-part="choice">${part.choice}</div>
<div class="methods" role="group" aria-label="Show or hide" data-part="methods">
${part.methods}
</div>
<div class="controls">
<label>by <select name="by"><option value="epoch">epoch</option><option value="iteration">iteration</option></select></label>
<label><input type="checkbox" name="logX" checked> log iterations</label>
<button type="button" data-reset>Whole range</button>
</div>
<div class="charts">
${chart('alpha', 'Learning rate', areFarApart(model.settings))}
${chart('loss', 'Training loss', true)}
${chart('validLoss', 'Validation loss', true)}
${chart('learned', `Learned besides<span data-part="learned">${part.learned}</span>`, false, part.learned === '')}
</div>
<p data-part="bands">${part.bands}</p>
<h3>Final values</h3>
<div data-part="final">${part.final}</div>
<h3>Settings and provenance</h3>
<div data-part="provenance">${part.provenance}</div>
</section>`;
  }

  /** `3 s`, `5 min 20 s`, `2 h 5 min`. */
  function duration(seconds: number): string {
    if (seconds < 60) return `${Math.ceil(seconds)} s`;
    const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
    return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${Math.floor(seconds % 60)} s`;
  }

  const stateWords: Record<ViewState, string> = {
    ...{
      failed: 'failed',
      running: 'under way',
      interrupted: 'interrupted',
      unfinished: 'unfinished',
      finished: 'finished',
    },
  };

  /** How all runs stand, in a sentence. */
  function counts(runs: readonly RunView[]): string {
    const words = (['finished', 'running', 'interrupted', 'unfinished', 'failed'] as const).flatMap((state) => {
      const count = runs.filter((run) => run.state === state).length;
      return count === 0 ? [] : [`${count} ${stateWords[state]}`];
    });
    const left = runs.reduce((most, { secondsLeft }) => Math.max(most, secondsLeft ?? -1), -1);
    const end = left >= 0 ? `; those under way end in about ${duration(left)}` : '';
    const all = `${runs.length} ${runs.length === 1 ? 'run' : 'runs'}`;
    return words.length === 1
      ? `${all}, ${runs.length === 1 ? '' : 'all '}${words[0]?.replace(/^\d+ /, '')}${end}.`
      : `${all}: ${words.join(', ')}${end}.`;
  }

  /** The runs that have not finished, failed ones first; empty where all have. */
  function unfinishedList(runs: readonly RunView[]): string {
    const states = ['failed', 'running', 'interrupted', 'unfinished'] as const;
    const items = states.flatMap((state) => {
      const ofState = runs.filter((run) => run.state === state);
      const more = ofState.length - mostListed;
      return [
        ...ofState.slice(0, mostListed).map(unfinishedItem),
        ...(more > 0 ? [`<li>and ${more} more ${stateWords[state]}</li>`] : []),
      ];
    });
    if (items.length === 0) return '';
    const list = `<ul class="runs">${items.join('\n')}</ul>`;
    const attributes = 'class="scroll tall" role="region" tabindex="0" aria-label="Not finished"';
    return `<h2>Not finished</h2>${items.length > 12 ? `<div ${attributes}>${list}</div>` : list}`;
  }

  function unfinishedItem({ name, state, iteration, last, secondsLeft, error, command }: RunView): string {
    const reached = iteration === null ? 'no row yet' : `iteration ${iteration}${last === null ? '' : ` of ${last}`}`;
    const bar =
      iteration === null || last === null
        ? ''
        : `<progress max="${last}" value="${iteration}" aria-label="${escape(name)}"></progress>`;
    const left = secondsLeft === null ? '' : `, ${duration(secondsLeft)} left`;
    return [
      `<li><span class="state ${state}">${stateWords[state]}</span><span class="name">${escape(name)}</span>`,
      `<span>${bar} ${reached}${left}</span>`,
      ...(error === null ? [] : [`<div class="error">${escape(error)}</div>`]),
      ...(command === null ? [] : [`<code class="command">${escape(command)}</code>`]),
      '</li>',
    ].join('');
  }

  function leftOutList(lines: readonly string[]): string {
    if (lines.length === 0) return '';
    const some = lines.slice(0, mostListed).map((line) => `<li>${escape(line)}</li>`);
    const more = lines.length > mostListed ? `<li>and ${lines.length - mostListed} more</li>` : '';
    return `<h2>Left out</h2><ul>${some.join('')}${more}</ul>`;
  }

  return {
    escape,
    modelsOf,
    defaultView,
    drawnOf,
    drawnLabels,
    looksOf,
    learnedCurves,
    parts,
    section,
    counts,
    unfinishedList,
    leftOutList,
  };
}
