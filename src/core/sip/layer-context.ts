import type {SipHeader, SipRequest} from '../../wire/sip/message.js';
import type {SipAddress, SipSource, SipTarget} from './hop.js';
import type {LayerCounters, LayerOutput} from './layer-output.js';
import type {SipTimers} from './timers.js';

/** A final response that needs no transaction. */
export type Refusal = {readonly status: number; readonly reason: string; readonly headers?: readonly SipHeader[]};

/** What the two tables of transactions share with the layer that owns them. */
export type LayerContext<Item> = {
	readonly timers: SipTimers;
	readonly proceedingMs: number;
	readonly maximumServerTransactions: number;
	readonly maximumClientTransactions: number;
	readonly counters: LayerCounters;
	/** What our Via says for messages to `target`; undefined where we do not speak that transport. */
	readonly sentBy: (target: SipTarget) => SipAddress | undefined;
	readonly newBranch: () => string;
	readonly newTag: () => string;
	readonly emit: (output: LayerOutput) => void;
	/** Sets when the item's machine wants the time; infinite for never. */
	readonly schedule: (item: Item, atMs: number) => void;
	/** Answers without state; ACK is never answered. */
	readonly reply: (request: SipRequest, source: SipSource, refusal: Refusal) => void;
	/** Answers 503, or says nothing where that has been said too often of late. */
	readonly replyOverloaded: (request: SipRequest, source: SipSource, nowMs: number) => void;
};
