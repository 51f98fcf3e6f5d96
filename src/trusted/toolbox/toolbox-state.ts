import type {AuditLog} from './alerts/audit-log.js';
import type {Engine, EngineDenial} from './engine/engine.js';
import {meaningOf, type Reason, refusalHeaders, uniformFailure} from './engine/reasons.js';
import type {TemplateDatabase} from './engine/template-database.js';
import type {ToolServices} from './engine/tool.js';
import type {Denial, MessageOrigin} from './protocol.js';
import type {SteadyTime} from './steady-time.js';

/** All that the parts of one toolbox share. */
export type ToolboxState = {
	readonly services: ToolServices;
	readonly engine: Engine;
	readonly templates: TemplateDatabase;
	readonly audit: AuditLog;
	readonly time: SteadyTime;
};

/** What a denial is about. */
export type DeniedMessage = {
	readonly call: string;
	readonly leg: string;
	/** Whom the message says or is proven to be from, or who was to get it. */
	readonly identity: string;
	readonly origin: MessageOrigin | null;
	/** The template and the steps that were run, see `stepFields`. */
	readonly run?: Readonly<Record<string, string>>;
	/** Content types that would have been taken. */
	readonly accepted?: readonly string[];
};

/** Writes a denial down, raises its alert, and says what the network may hear of it. */
export function deny(state: ToolboxState, about: DeniedMessage, denial: EngineDenial): Denial {
	const {services, audit, time} = state;
	const {step, reason, detail, isUniform} = denial;
	const meaning = meaningOf(reason);
	const atMs = time.nowMs();
	const {call, leg, identity, origin, run = {template: ''}} = about;
	if (meaning.alert !== undefined) {
		services.alerts.raise({atMs, kind: meaning.alert, reason, identity, origin, call, detail});
	}

	const sequence = audit.append(atMs, 'denied', {
		call,
		leg,
		step,
		reason,
		detail,
		identity,
		...run,
		from: origin ? `${origin.transport}:${origin.address}:${origin.port}` : '',
	});
	const {status, reasonPhrase} = isUniform ? uniformFailure : {status: meaning.status, reasonPhrase: meaning.phrase};
	return {
		verdict: 'denial',
		step,
		reason,
		status,
		reasonPhrase,
		headers: [...refusalHeaders(status, about.accepted ?? []), ...(isUniform ? [] : (denial.headers ?? []))],
		audit: sequence,
	};
}

/** A denial before any template ran. */
export function denyAtOnce(state: ToolboxState, about: DeniedMessage, reason: Reason, detail: string): Denial {
	return deny(state, about, {step: 'select', reason, detail, isUniform: false});
}
