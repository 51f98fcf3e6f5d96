import {SallyportError} from '../../base/error.js';
import {type Aor, canonicalAor} from '../../trusted/certificates/identity.js';
import {type Peer, Policy} from '../../trusted/toolbox/policy/policy.js';
import {parseToolboxOptions, type ToolboxOptions} from '../../trusted/toolbox/policy/toolbox-options.js';

/** What policy says of a call, and why. */
export type Explanation = {
	readonly allowed: boolean;
	/** The call rule that decides; `default` where none fits, `emergency` for calls for help. */
	readonly rule: string;
	readonly why: string;
	readonly caller: {readonly name: string; readonly why: string};
	readonly called: {readonly name: string; readonly why: string};
	readonly effective: Readonly<Record<string, string | readonly string[]>>;
	readonly others: readonly {readonly rule: string; readonly why: string}[];
};

/** Explains a call. Throws `SallyportError` BAD_OPTIONS, or BAD_ADDRESS where a party is none. */
export function explainPolicy(
	options: ToolboxOptions,
	call: {readonly from: string; readonly to: string; readonly trunk?: string},
): Explanation {
	const checked = parseToolboxOptions(options);
	const policy = new Policy(checked);
	const [from, to] = [addressOf(call.from), addressOf(call.to)];
	const caller = call.trunk === undefined ? policy.peerFor([from]) : policy.peerNamed(call.trunk);
	if (caller === undefined) {
		throw new SallyportError('BAD_ADDRESS', `Expected the name of a trunk, got ${JSON.stringify(call.trunk)}.`);
	}

	const called = policy.peerFor([to]);
	const asked = {from, to, trunk: caller.kind === 'trunk' ? caller.name : undefined};
	const isEmergency = policy.isEmergency(to);
	const decision = policy.decide(asked, isEmergency);
	const verdicts = policy.explain(asked);
	const peer = policy.narrowed(caller, decision);
	const specificity = verdicts.find(({rule}) => rule === decision.rule)?.specificity;
	return {
		allowed: decision.allow,
		rule: decision.rule,
		why: isEmergency
			? 'a call for help is never refused for lack of protection'
			: specificity === undefined
				? 'no call rule fits'
				: `it fits, and is the most specific (caller ${specificity[0]}, called ${specificity[1]})`,
		caller: {name: caller.name, why: reasonOf(caller, from, call.trunk)},
		called: {name: called.name, why: reasonOf(called, to, undefined)},
		effective: {
			'missing protection': decision.protection,
			inbound: caller.protection.inbound,
			outbound: called.protection.outbound,
			suites: peer.suites,
			cipher: decision.cipher ?? called.cipher,
			origin: peer.origin,
			templates: decision.templates ?? 'all',
		},
		others: verdicts
			.filter(({rule}) => rule !== decision.rule)
			.map(({rule, misfit}) => ({rule, why: misfit ?? 'it fits, but another is more specific or stands before it'})),
	};
}

function addressOf(uri: string): Aor {
	const aor = canonicalAor(uri);
	if (!aor.ok) {
		throw new SallyportError(
			'BAD_ADDRESS',
			`Expected an address or a service, got ${JSON.stringify(uri.slice(0, 100))}.`,
		);
	}

	return aor.value;
}

function reasonOf({name}: Peer, aor: Aor, trunk: string | undefined): string {
	if (trunk !== undefined) {
		return 'its certificate signed the call';
	}

	return name === 'default' ? `no peer matches ${aor}` : `the most specific that matches ${aor}`;
}
