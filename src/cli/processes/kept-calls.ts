import type {CallSnapshot} from '../../gateway/bridged-call.js';
import type {Gateway} from '../../gateway/gateway.js';
import {readLinkMessage, writeLinkMessage} from '../../io/links/link-message.js';
import type {KeptCall} from '../../trusted/toolbox/protocol.js';
import type {ToolboxClient} from '../../trusted/toolbox/toolbox-client.js';

/**
 * Leaves with the toolbox what a user process after this one needs to go on with its calls: of each call when it is up, and
 * when something about it has changed within a second. Goes on until the process ends.
 */
export function keepCalls(gateway: Gateway, toolbox: ToolboxClient): void {
	let kept = new Map<string, string>();
	const keep = (): void => {
		const now = new Map<string, string>();
		for (const snapshot of gateway.snapshot()) {
			const octets = writeLinkMessage(snapshot);
			const text = octets.toString('latin1');
			now.set(snapshot.call, text);
			if (kept.get(snapshot.call) !== text) {
				// A call that is just ending is not missed, and one too large to keep ends with this process.
				toolbox.keepCall(snapshot.call, octets).catch(() => {});
			}
		}

		kept = now;
	};
	gateway.on('call-established', keep);
	setInterval(keep, keepEveryMs).unref();
}

/** What was left, and the calls for which nothing usable was. */
export function sortKept(calls: readonly KeptCall[]): {
	readonly snapshots: readonly CallSnapshot[];
	readonly lost: readonly string[];
} {
	const snapshots: CallSnapshot[] = [];
	const lost: string[] = [];
	for (const {call, snapshot} of calls) {
		const read = snapshot && readLinkMessage(Buffer.from(snapshot));
		const value = read?.ok ? (read.value as CallSnapshot) : undefined;
		if (value?.call === call) {
			snapshots.push(value);
		} else {
			lost.push(call);
		}
	}

	return {snapshots, lost};
}

const keepEveryMs = 1000;
