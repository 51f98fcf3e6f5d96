import {SallyportError} from '../../../base/error.js';
import type {SrtpSuiteName} from '../../../wire/sdes/suites.js';
import {type Aor, canonicalAor, domainOf} from '../../certificates/identity.js';
import type {ContentCipher} from '../../smime/cms-provider.js';
import type {Protection} from './toolbox-options.js';

/** What happens to a call whose body lacks the protection that its peer's rules ask for. */
export type MissingProtection = 'required' | 'preferred' | 'off';

/** Who may call whom, and how. */
export type CallRule = {
	readonly name: string;
	/** Every field that is there must fit. Calls of a trunk fit only rules that name it: of who speaks it alone is the warrant. */
	readonly from?: {readonly aor?: string; readonly domain?: string; readonly trunk?: string};
	/** One field. `number`: digits, with `*` at the end for all that begin so. */
	readonly to?: {readonly aor?: string; readonly domain?: string; readonly number?: string};
	/** @default true */
	readonly allow?: boolean;
	/**
	 * `required`: what the peers' rules ask for. `preferred`: less is taken, and sent where there is no certificate, with an audit
	 * record. `off`: the same without one, of a trunk that the rule names. @default 'required'
	 */
	readonly protection?: MissingProtection;
	/** Of those that the peer's rules take. @default all of them */
	readonly suites?: readonly SrtpSuiteName[];
	/** Of what we seal for the called party. @default as its peer's rules say */
	readonly cipher?: ContentCipher;
	/** Templates that may run over the offer. @default all */
	readonly templates?: readonly string[];
	/** @default as the caller's peer's rules say */
	readonly origin?: 'pin' | 'challenge' | 'observe';
};

/** A call that is asked about. */
export type AskedCall = {
	readonly from: Aor;
	/** The trunk that a signature proved; absent for users, domains and messages that prove nothing. */
	readonly trunk?: string | undefined;
	readonly to: Aor;
};

/** What was decided of a call. */
export type CallDecision = {
	/** Name of the rule; `default` where none fits. */
	readonly rule: string;
	readonly allow: boolean;
	readonly protection: MissingProtection;
	readonly suites: readonly SrtpSuiteName[] | undefined;
	readonly cipher: ContentCipher | undefined;
	readonly templates: readonly string[] | undefined;
	readonly origin: CallRule['origin'];
};

/** How a rule fared in a decision: why it did not fit, or how specific it is. */
export type RuleVerdict = {
	readonly rule: string;
	readonly misfit?: string;
	/** Of the caller, then of the called party: the higher wins, then the rule that stands first. */
	readonly specificity?: readonly [number, number];
};

/** The rules of who may call whom; the most specific wins (docs/policies.md). */
export class CallRules {
	readonly #rules: readonly CallRule[];

	/** Throws `SallyportError` BAD_OPTIONS where a rule cannot be read, or says `off` of nobody. */
	constructor(rules: readonly CallRule[], trunks: readonly string[]) {
		this.#rules = rules;
		for (const {name, from = {}, to = {}, protection} of rules) {
			if (from.trunk !== undefined && !trunks.includes(from.trunk)) {
				throw new SallyportError(
					'BAD_OPTIONS',
					`Expected the name of a trunk in the call rule ${name}, got ${from.trunk}.`,
				);
			}

			if (protection === 'off' && from.trunk === undefined) {
				throw new SallyportError('BAD_OPTIONS', `Expected a trunk in the call rule ${name}, whose protection is off.`);
			}

			if (Object.keys(to).length > 1) {
				throw new SallyportError(
					'BAD_OPTIONS',
					`Expected one of aor, domain and number in \`to\` of the call rule ${name}.`,
				);
			}

			for (const aor of [from.aor, to.aor]) {
				if (aor !== undefined && !canonicalAor(aor).ok) {
					throw new SallyportError('BAD_OPTIONS', `Expected an address in the call rule ${name}, got ${aor}.`);
				}
			}
		}
	}

	decide(call: AskedCall): CallDecision {
		const [best] = this.#fitting(call);
		const {
			name,
			allow = true,
			protection = 'required',
			suites,
			cipher,
			templates,
			origin,
		} = best?.rule ?? {name: 'default'};
		return {rule: name, allow, protection, suites, cipher, templates, origin};
	}

	/** Every rule and how it fared, the one that decides first. */
	explain(call: AskedCall): readonly RuleVerdict[] {
		const fitting = this.#fitting(call);
		const misfits = this.#rules.flatMap((rule): RuleVerdict[] => {
			const misfit = misfitOf(rule, call);
			return misfit === undefined ? [] : [{rule: rule.name, misfit}];
		});
		return [...fitting.map(({rule, specificity}) => ({rule: rule.name, specificity})), ...misfits];
	}

	#fitting(call: AskedCall): readonly {readonly rule: CallRule; readonly specificity: readonly [number, number]}[] {
		return this.#rules
			.filter((rule) => misfitOf(rule, call) === undefined)
			.map((rule) => ({rule, specificity: specificityOf(rule)}))
			.sort(
				({specificity: [oneFrom, oneTo]}, {specificity: [otherFrom, otherTo]}) =>
					otherFrom - oneFrom || otherTo - oneTo,
			);
	}
}

/** True where the decision takes less protection than the peers' rules ask for. */
export function isLessTaken(decision: CallDecision | undefined): boolean {
	return decision !== undefined && decision.protection !== 'required';
}

/** The number that an address is of: digits, with + where it is a global one; undefined where it is none. */
export function numberOf(aor: Aor): string | undefined {
	return /^(?:sip|tel):(\+?[\d*#]+)(?:@|;|$)/.exec(aor)?.[1];
}

function misfitOf({from = {}, to = {}}: CallRule, call: AskedCall): string | undefined {
	if (from.trunk !== call.trunk) {
		return from.trunk === undefined
			? `the caller is the trunk ${call.trunk}`
			: `the caller is not the trunk ${from.trunk}`;
	}

	if (from.aor !== undefined && aorOf(from.aor) !== call.from) {
		return `the caller is not ${from.aor}`;
	}

	if (from.domain !== undefined && aorOf(`sip:${from.domain}`) !== domainOf(call.from)) {
		return `the caller is not of ${from.domain}`;
	}

	if (to.aor !== undefined && aorOf(to.aor) !== call.to) {
		return `the called party is not ${to.aor}`;
	}

	if (to.domain !== undefined && aorOf(`sip:${to.domain}`) !== domainOf(call.to)) {
		return `the called party is not of ${to.domain}`;
	}

	return to.number === undefined || isNumberOf(to.number, numberOf(call.to))
		? undefined
		: `the called number is not ${to.number}`;
}

/** Address 4, trunk 2, domain 1, added; called address over number over domain, longer prefixes over shorter ones. */
function specificityOf({from = {}, to = {}}: CallRule): readonly [number, number] {
	const caller =
		(from.aor === undefined ? 0 : 4) + (from.trunk === undefined ? 0 : 2) + (from.domain === undefined ? 0 : 1);
	const {number} = to;
	const ofNumber = number === undefined ? 0 : number.endsWith('*') ? 10 + number.length : 1000;
	return [caller, to.aor === undefined ? (to.domain === undefined ? ofNumber : 1) : 2000];
}

function isNumberOf(pattern: string, number: string | undefined): boolean {
	return number !== undefined && (pattern.endsWith('*') ? number.startsWith(pattern.slice(0, -1)) : number === pattern);
}

function aorOf(text: string): Aor | undefined {
	const aor = canonicalAor(text);
	return aor.ok ? aor.value : undefined;
}

/** True where `given` protects less than `asked`. What has no body is not asked about. */
export function isWeaker(given: string, asked: Protection): boolean {
	const place = strongestFirst.indexOf(given as Protection);
	return place > strongestFirst.indexOf(asked);
}

const strongestFirst: readonly Protection[] = ['sealed', 'sdes', 'clear'];
