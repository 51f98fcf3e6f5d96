import {z} from 'zod';
import type {GatewayOptions} from '../../gateway/gateway-options.js';
import type {MediaPlaneReport} from '../../trusted/media/plane-report.js';
import type {Hardening} from '../../trusted/media/processes/native-domains.js';
import type {UserQuestion} from '../gateway-events.js';

/**
 * What the toolbox process tells the two others over their control links, and what it hears from them. It believes them
 * nothing: every field of theirs is checked on arrival.
 */

export type DomainName = 'toolbox' | 'media' | 'user';

export type ToMediaProcess =
	| {readonly kind: 'start'; readonly media: GatewayOptions['media']; readonly maxCalls: number}
	/** The private channel has a descriptor: the link of a user domain. */
	| {readonly kind: 'take-link'}
	| {readonly kind: 'stop'};

export type ToUserProcess =
	| {
			readonly kind: 'start';
			/** Without `toolbox`: no key, no path of one. */
			readonly options: Omit<GatewayOptions, 'toolbox' | 'isolation' | 'adminSocket'>;
			readonly mediaReport: MediaPlaneReport;
			/** Added to the wall clock. */
			readonly clockShiftMs: number;
			/** The last alert that the process before it posted to the webhook; absent: it is the first. */
			readonly alertsAfter?: number;
	  }
	/** The private channel has a descriptor: the link to a media domain. */
	| {readonly kind: 'take-link'}
	/** A pretended clock has moved. */
	| {readonly kind: 'clock'; readonly clockShiftMs: number}
	/** For the operator. */
	| {readonly kind: 'ask'; readonly id: number; readonly what: UserQuestion}
	| {readonly kind: 'stop'};

/** How a process stands, as it says itself. */
export type ProcessReport = {
	readonly uid: number;
	readonly gid: number;
	readonly hardening: Hardening;
	/** Version of Landlock in force; 0: none. */
	readonly landlock: number;
	readonly seccomp: boolean;
};

export type Listening = {readonly transport: 'udp' | 'tcp' | 'tls'; readonly address: string; readonly port: number};

export type FromProcess =
	/** Up; `listening` of the user process, `mediaReport` of the media process. */
	| {
			readonly kind: 'ready';
			readonly report: ProcessReport;
			readonly listening?: readonly Listening[];
			readonly mediaReport?: MediaPlaneReport;
	  }
	| {readonly kind: 'failed'; readonly code: string; readonly message: string}
	/** For the log. */
	| {readonly kind: 'event'; readonly event: string; readonly figures: Readonly<Record<string, unknown>>}
	| {readonly kind: 'answer'; readonly id: number; readonly body: unknown}
	/** The webhook is done with this alert. */
	| {readonly kind: 'alert-posted'; readonly sequence: number}
	/** At the other end of this link there is none of our domains; the link is closed. */
	| {readonly kind: 'breach'; readonly link: DomainName};

const report = z.strictObject({
	uid: z.int().min(0),
	gid: z.int().min(0),
	hardening: z.strictObject({isUndumpable: z.boolean(), hasNoCore: z.boolean()}),
	landlock: z.int().min(0).max(1000),
	seccomp: z.boolean(),
});
const listening = z.strictObject({
	transport: z.enum(['udp', 'tcp', 'tls']),
	address: z.string().max(64),
	port: z.int().min(0).max(65_535),
});
const fromProcess = z.discriminatedUnion('kind', [
	z.strictObject({
		kind: z.literal('ready'),
		report,
		listening: z.array(listening).max(128).exactOptional(),
		mediaReport: z.record(z.string().max(64), z.unknown()).exactOptional(),
	}),
	z.strictObject({
		kind: z.literal('failed'),
		code: z.string().regex(/^[A-Z][A-Z\d_]{2,63}$/),
		message: z.string().max(2000),
	}),
	z.strictObject({
		kind: z.literal('event'),
		event: z.string().regex(/^[a-z][a-z-]{2,39}$/),
		figures: z.record(z.string().max(64), z.unknown()),
	}),
	z.strictObject({kind: z.literal('answer'), id: z.int().min(0), body: z.unknown()}),
	z.strictObject({kind: z.literal('alert-posted'), sequence: z.int().min(0)}),
	z.strictObject({kind: z.literal('breach'), link: z.enum(['toolbox', 'media', 'user'])}),
]);

const bare = ['take-link', 'stop'] as const;
const someObject = z.record(z.string(), z.unknown());
/** What is in the options the parts that they are for check again. */
const toMediaProcess = z.discriminatedUnion('kind', [
	z.strictObject({kind: z.literal('start'), media: someObject, maxCalls: z.int().min(1)}),
	z.strictObject({kind: z.enum(bare)}),
]);
const clockShiftMs = z.number();
const toUserProcess = z.discriminatedUnion('kind', [
	z.strictObject({
		kind: z.literal('start'),
		options: someObject,
		mediaReport: someObject,
		clockShiftMs,
		alertsAfter: z.int().min(0).exactOptional(),
	}),
	z.strictObject({kind: z.literal('clock'), clockShiftMs}),
	z.strictObject({kind: z.literal('ask'), id: z.int().min(0), what: z.enum(['calls', 'statistics', 'counters'])}),
	z.strictObject({kind: z.enum(bare)}),
]);

/** Reads what the toolbox process told the media process; undefined where it is nothing as agreed. */
export function parseToMediaProcess(message: unknown): ToMediaProcess | undefined {
	const parsed = toMediaProcess.safeParse(message);
	return parsed.success ? (parsed.data as unknown as ToMediaProcess) : undefined;
}

/** The same for the user process. */
export function parseToUserProcess(message: unknown): ToUserProcess | undefined {
	const parsed = toUserProcess.safeParse(message);
	return parsed.success ? (parsed.data as unknown as ToUserProcess) : undefined;
}

/** Reads what another process said; undefined where it is nothing as agreed. */
export function parseFromProcess(message: unknown): FromProcess | undefined {
	const parsed = fromProcess.safeParse(message);
	return parsed.success ? (parsed.data as unknown as FromProcess) : undefined;
}
