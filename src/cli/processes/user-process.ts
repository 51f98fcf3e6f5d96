/** The user process: SIP, and whatever strangers send. It holds no key. Started by the toolbox process. */
import process from 'node:process';
import {type Clock, systemClock} from '../../base/clock.js';
import {SallyportError} from '../../base/error.js';
import type {AlertWebhook} from '../../control/alert-webhook.js';
import type {CallSnapshot} from '../../gateway/bridged-call.js';
import type {Gateway} from '../../gateway/gateway.js';
import {openGateway} from '../../gateway/open-gateway.js';
import {SocketLink} from '../../io/links/socket-link.js';
import {MediaClient} from '../../trusted/media/media-client.js';
import type {Alert} from '../../trusted/toolbox/protocol.js';
import {ToolboxClient} from '../../trusted/toolbox/toolbox-client.js';
import {postAlerts, type UserQuestion, type UserSource, userSource, watchGateway} from '../gateway-events.js';
import {parseToUserProcess, type ToUserProcess} from './control-messages.js';
import {keepCalls, sortKept} from './kept-calls.js';
import {becomeProcess} from './own-process.js';

const {requests, channel, report, obey, say} = becomeProcess();
const toolbox = new ToolboxClient(requests);
toolbox.on('breach', () => say({kind: 'breach', link: 'toolbox'}));
let media: MediaClient | undefined;
let shiftMs = 0;
/** By how much all forward moves of a pretended clock were ahead of the machine's: timers run off with them. */
let aheadMs = 0;
let source: UserSource | undefined;
let end: (() => Promise<void>) | undefined;

const toolboxLost = new Promise<'toolbox'>((resolve) => {
	requests.on('close', () => resolve('toolbox'));
});
obey(parseToUserProcess, async (said) => {
	switch (said.kind) {
		case 'start':
			await start(said);
			break;
		case 'take-link': {
			const descriptor = channel.takeDescriptor();
			if (descriptor !== undefined) {
				takeLink(new SocketLink(descriptor, {maxFrameOctets: maxStatisticsOctets}));
			}

			break;
		}

		case 'clock':
			aheadMs += Math.max(0, said.clockShiftMs - shiftMs);
			shiftMs = said.clockShiftMs;
			break;
		case 'ask':
			void answer(said.id, said.what);
			break;
		case 'stop':
			await end?.();
			process.exit(0);
	}
});

async function answer(id: number, what: UserQuestion): Promise<void> {
	say({kind: 'answer', id, body: await source?.[what]()});
}

function takeLink(link: SocketLink): void {
	link.on('breach', () => say({kind: 'breach', link: 'media'}));
	if (media === undefined) {
		media = new MediaClient(link);
		media.on('breach', () => say({kind: 'breach', link: 'media'}));
	} else {
		media.attach(link);
	}
}

async function start(said: ToUserProcess & {readonly kind: 'start'}): Promise<void> {
	const {options, mediaReport, clockShiftMs, alertsAfter} = said;
	const client = media;
	if (client === undefined) {
		throw new Error('Expected a link to the media domain before the start.');
	}

	shiftMs = clockShiftMs;
	const clock: Clock = {
		wallMs: () => systemClock.wallMs() + shiftMs,
		monotonicMs: () => systemClock.monotonicMs() + aheadMs,
	};
	const {snapshots, lost} = sortKept(await toolbox.readCalls());
	const running = await openGateway(
		{...options, toolbox: {} as never},
		{
			clock,
			startDomains: async () => ({
				toolbox,
				media: client,
				mediaReport,
				lost: toolboxLost,
				origins: undefined,
				reloadTemplates: () => Promise.reject(new SallyportError('INTERNAL', 'Expected that of the toolbox process.')),
				load: () => ({relays: 0, calls: 0, issued: 0}),
				close: async () => {
					client.close();
					toolbox.close();
				},
			}),
		},
	);
	watchGateway(running, (event, figures) => say({kind: 'event', event, figures}));
	client.on('close', () => void running.gateway.endCalls('media-lost'));
	const webhook = postAlerts(running, options, (sequence) => say({kind: 'alert-posted', sequence}));
	source = userSource(running, webhook);
	end = () => running.close();
	void running.lost.then(() => process.exit(1));
	if (webhook !== undefined && alertsAfter !== undefined) {
		await postMissed(running.gateway, webhook, alertsAfter);
	}

	await endOrphans(client, [...lost, ...restore(running.gateway, snapshots)]);
	keepCalls(running.gateway, toolbox);
	say({kind: 'ready', report, listening: running.listening});
}

/** Goes on with the calls of the user process before this one; returns those with which that cannot be done. */
function restore(gateway: Gateway, snapshots: readonly CallSnapshot[]): readonly string[] {
	return snapshots.flatMap((snapshot) => {
		try {
			gateway.restore([snapshot]);
			say({kind: 'event', event: 'call-restored', figures: {call: snapshot.call}});
			return [];
		} catch {
			return [snapshot.call];
		}
	});
}

/** Alerts that the user process before this one did not come to post, or that were raised while there was none. */
async function postMissed(gateway: Gateway, webhook: AlertWebhook, alertsAfter: number): Promise<void> {
	const heard = new Set<number>();
	const onAlert = ({sequence}: Alert) => heard.add(sequence);
	gateway.on('alert', onAlert);
	for (const alert of await toolbox.readAlerts(alertsAfter, 1000)) {
		if (!heard.has(alert.sequence)) {
			webhook.offer(alert);
		}
	}

	gateway.off('alert', onAlert);
}

/** Calls of the user process before this one, whose dialogs nobody knows any more. */
async function endOrphans(client: MediaClient, calls: readonly string[]): Promise<void> {
	for (const call of calls) {
		await client.destroyRelay(call).catch(() => []);
		await toolbox.endCall({call, reason: 'user-lost'}).catch(() => {});
		say({kind: 'event', event: 'call-lost', figures: {call}});
	}
}

const maxStatisticsOctets = 33_554_432;
