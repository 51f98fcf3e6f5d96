import {once} from 'node:events';
import {Socket} from 'node:net';
import test, {type ExecutionContext} from 'ava';
import {parseFromProcess, parseToMediaProcess, parseToUserProcess} from '#dist/cli/processes/control-messages.js';
import {SocketLink} from '#dist/io/links/index.js';
import {MediaClient} from '#dist/trusted/media/media-client.js';
import {MediaDomain} from '#dist/trusted/media/media-domain.js';
import {createSocketPair} from '#dist/trusted/media/processes/socket-pair.js';
import {ToolboxClient, ToolboxDomain} from '#dist/trusted/toolbox/index.js';
import {settles} from '../../gateway/support/world.js';
import {openPlane} from '../../trusted/media/support/plane.js';
import {bobsAddress, inviteOf, makeWorld, openPair, suite} from '../../trusted/toolbox/support/world.js';

type Message = Readonly<Record<string, unknown>>;

/** One private socket in one direction: who reads it, what may come, and how a request of the reader begins. */
type Direction = {
	/** Serves one end; resolves what it waits for when the reader has noticed. */
	readonly open: (descriptor: number) => void;
	readonly valid: readonly Message[];
	/** What else must hold after everything: nothing was done, all is written down. */
	readonly after: (count: number) => void | Promise<void>;
};

function frame(content: Buffer | Message | string, length?: number): Buffer {
	const octets = Buffer.isBuffer(content)
		? content
		: Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
	const head = Buffer.alloc(4);
	head.writeUInt32BE(length ?? octets.length);
	return Buffer.concat([head, octets]);
}

const hello = frame({version: 1, maxFrameOctets: 65_536});

/** What no stream of frames is. */
const badStreams: readonly (readonly [string, Buffer])[] = [
	['no hello', frame({id: 1, kind: 'read-calls', after: ''})],
	['a hello of another version', frame({version: 2, maxFrameOctets: 65_536})],
	['a hello with more', frame({version: 1, maxFrameOctets: 65_536, more: 1})],
	['a hello that takes nothing', frame({version: 1, maxFrameOctets: 10})],
	['no JSON', Buffer.concat([hello, frame('{"id":1')])],
	['an empty frame', Buffer.concat([hello, frame('')])],
	['no UTF-8', Buffer.concat([hello, frame(Buffer.from([0x22, 0xff, 0xfe, 0x22]))])],
	['a frame that is too long', Buffer.concat([hello, frame('x', 0xff_ff_ff_ff)])],
	['a prototype', Buffer.concat([hello, frame('{"id":1,"__proto__":{"kind":"read-calls"}}')])],
	['a depth without end', Buffer.concat([hello, frame(`${'['.repeat(20_000)}${']'.repeat(20_000)}`)])],
	['octets in another spelling', Buffer.concat([hello, frame({id: 1, snapshot: {$octets: 'QQ'}})])],
	['a number without end', Buffer.concat([hello, frame({id: 1, after: {$integer: '9'.repeat(99)}})])],
];

/** The same message with one thing about it that is not as agreed. */
function spoilt(message: Message): readonly Message[] {
	const others: readonly unknown[] = [null, [], {}, true, -1.5, 'x'.repeat(60_000), [[['deep']]]];
	const ofKeys = Object.keys(message).flatMap((key): readonly Message[] => {
		const {[key]: value, ...rest} = message;
		return [
			rest,
			...others
				.filter((other) => typeof other !== typeof value || Array.isArray(other) !== Array.isArray(value))
				.map((other) => ({...message, [key]: other})),
		];
	});
	const all: readonly Message[] = [...ofKeys, {...message, more: 1}, {...message, constructor: {prototype: 1}}];
	// Without what it says it may be another one that is as agreed.
	return all.filter((other) => JSON.stringify(other) !== '{"id":1,"ok":true}');
}

const notMessages: readonly unknown[] = [null, 7, 'redeem', true, [], [{id: 1}], {}, {id: 1}, {id: 'one'}, {kind: 'x'}];

async function isCutOff({open}: Direction, octets: Buffer): Promise<boolean> {
	const [ours, theirs] = createSocketPair('stream');
	open(ours);
	const socket = new Socket({fd: theirs, readable: true, writable: true});
	socket.on('error', () => {});
	socket.resume();
	const closed = once(socket, 'close');
	socket.write(octets);
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<false>((resolve) => {
		timer = setTimeout(() => resolve(false), 10_000);
	});
	const isClosed = await Promise.race([closed.then(() => true as const), late]);
	clearTimeout(timer);
	socket.destroy();
	return isClosed;
}

/** Everything that is wrong, one socket each; none is survived, and nothing breaks. */
async function refusesAll(t: ExecutionContext, direction: Direction): Promise<void> {
	const messages = [...notMessages, ...direction.valid.flatMap(spoilt)].map(
		(message) =>
			[JSON.stringify(message).slice(0, 200), Buffer.concat([hello, frame(JSON.stringify(message))])] as const,
	);
	for (const [name, octets] of [...badStreams, ...messages]) {
		t.true(await isCutOff(direction, octets), name);
	}

	await direction.after(messages.length);
}

/** The toolbox, and what it has written down. */
async function openToolbox(t: ExecutionContext) {
	const world = await makeWorld();
	const {caller, callee} = await openPair(world, {});
	const domain = new ToolboxDomain(callee);
	t.teardown(async () => {
		domain.close();
		await caller.close();
		await callee.close();
		world.dispose();
	});
	let breaches = 0;
	const alarms = new Map<string, number>();
	callee.onAlert(({kind, reason}) => alarms.set(`${kind} ${reason}`, (alarms.get(`${kind} ${reason}`) ?? 0) + 1));
	const manners = {
		onBreach: () => {
			breaches++;
		},
	};
	return {
		domain,
		manners,
		callee,
		after: (count: number) => {
			t.deepEqual(callee.load, {calls: 0, issued: 0});
			t.is(breaches, count, 'each is a breach of the link');
			// Of many alike in a minute not all are shown; all are counted.
			const {raised, suppressed} = callee.alertCounters;
			t.is((raised['domain'] ?? 0) + suppressed, count, 'each is audited');
			t.true((alarms.get('domain BAD_REQUEST') ?? 0) > 0);
		},
	};
}

test.serial('what the user process says to the toolbox', async (t) => {
	const {domain, manners, after} = await openToolbox(t);
	const handle = '0'.repeat(32);
	await refusesAll(t, {
		open: (descriptor) => domain.attachUser(new SocketLink(descriptor), manners),
		valid: [
			{id: 1, kind: 'mint-keys', call: 'c', leg: 'a', suites: [suite]},
			{id: 1, kind: 'end-call', call: 'c', reason: 'bye'},
			{id: 1, kind: 'read-ledger', limit: 5},
			{
				id: 1,
				kind: 'filter-inbound',
				call: 'c',
				leg: 'a',
				role: 'offer',
				origin: bobsAddress,
				message: {...inviteOf('v=0'), body: {$octets: ''}},
			},
			{id: 1, kind: 'redeem-own-key', key: handle, call: 'c', leg: 'a'},
		],
		after,
	});
});

test.serial('what the media process says to the toolbox', async (t) => {
	const {domain, manners, after} = await openToolbox(t);
	const handle = '0'.repeat(32);
	await refusesAll(t, {
		open: (descriptor) => domain.attachMedia(new SocketLink(descriptor), manners),
		valid: [
			{id: 1, kind: 'redeem-ticket', ticket: handle, call: 'c', legs: ['a', 'b']},
			{id: 1, kind: 'redeem-peer-key', key: handle, call: 'c', leg: 'a'},
			{id: 1, kind: 'heard-from', call: 'c', leg: 'a', address: '192.0.2.1'},
		],
		after,
	});
});

test.serial('what the user process says to the media process', async (t) => {
	const plane = openPlane(t);
	const [ofMedia, ofToolbox] = createSocketPair('stream');
	const toolbox = new SocketLink(ofToolbox);
	const asked: unknown[] = [];
	toolbox.on('message', (message) => asked.push(message));
	let breaches = 0;
	const domain = new MediaDomain({
		plane,
		toolbox: new SocketLink(ofMedia),
		userGraceMs: 60_000,
		onBreach: () => {
			breaches++;
		},
	});
	t.teardown(async () => {
		toolbox.close();
		await domain.close();
	});
	await refusesAll(t, {
		open: (descriptor) => domain.attachUser(new SocketLink(descriptor)),
		valid: [
			{id: 1, kind: 'create-relay', call: 'c', ticket: 't', legs: [{leg: 'a'}, {leg: 'b'}]},
			{id: 1, kind: 'destroy-relay', call: 'c'},
			{
				id: 1,
				kind: 'configure-leg',
				call: 'c',
				leg: 'a',
				remote: {rtp: {address: '127.0.0.1', port: 9}, rtcp: {address: '127.0.0.1', port: 9}},
				protection: {kind: 'clear'},
				source: {kind: 'declared'},
			},
		],
		after: (count) => {
			t.is(breaches, count);
			t.is(domain.size, 0);
			t.deepEqual(asked, [], 'the toolbox is asked nothing');
		},
	});
});

/** The same where the user process reads, which hears of no event either. */
async function refusesAllAsUser(
	t: ExecutionContext,
	open: (link: SocketLink, onBreach: () => void, onEvent: (event: unknown) => void) => void,
	valid: readonly Message[],
): Promise<void> {
	let breaches = 0;
	const events: unknown[] = [];
	await refusesAll(t, {
		open: (descriptor) =>
			open(
				new SocketLink(descriptor),
				() => breaches++,
				(event) => events.push(event),
			),
		valid,
		after: (count) => {
			t.is(breaches, count);
			t.deepEqual(events, []);
		},
	});
}

test.serial('what the toolbox says to the user process', async (t) => {
	const open = (link: SocketLink, onBreach: () => void, onEvent: (event: unknown) => void) => {
		const client = new ToolboxClient(link);
		client.on('breach', onBreach);
		client.on('alert', onEvent);
		void client.readLedger(1).catch(() => {});
	};
	await refusesAllAsUser(t, open, [
		{id: 1, verdict: 'ledger', entries: []},
		{id: 1, verdict: 'ticket', ticket: '0'.repeat(32)},
		{id: 1, verdict: 'refused', code: 'BUSY', message: ''},
		{
			id: 1,
			verdict: 'release',
			protection: 'sealed',
			sdp: '',
			keys: [],
			identity: '',
			mediaSource: {kind: 'declared'},
			template: '',
			audit: 1,
		},
		{event: 'alert', alert: {}},
	]);
});

test.serial('what the media process says to the user process', async (t) => {
	const open = (link: SocketLink, onBreach: () => void, onEvent: (event: unknown) => void) => {
		const client = new MediaClient(link);
		client.on('breach', onBreach);
		client.on('event', onEvent);
		void client.readStatistics('c').catch(() => {});
	};
	await refusesAllAsUser(t, open, [
		{id: 1, ok: true, statistics: []},
		{id: 1, ok: false, code: 'UNKNOWN_CALL', message: ''},
		{kind: 'first-packet', call: 'c', leg: 'a', from: {address: '192.0.2.1', port: 9}},
		{kind: 'relay-ended', call: 'c', reason: 'destroyed'},
	]);
});

test.serial('what the toolbox says to the media process', async (t) => {
	const plane = openPlane(t).setMaxListeners(0);
	const domains: MediaDomain[] = [];
	t.teardown(() => Promise.all(domains.map((domain) => domain.close())));
	await refusesAll(t, {
		open: (descriptor) => {
			const [ofMedia, ofUser] = createSocketPair('stream');
			domains.push(new MediaDomain({plane, toolbox: new SocketLink(descriptor), user: new SocketLink(ofMedia)}));
			const client = new MediaClient(new SocketLink(ofUser));
			// One question is open, so that a reply may be one.
			void client.createRelay({call: 'c', ticket: 't' as never, legs: [{leg: 'a'}, {leg: 'b'}]}).catch(() => {});
		},
		valid: [
			{id: 1, ok: true, legs: []},
			{id: 1, ok: true, slot: '0'.repeat(32), suite, mki: {$octets: ''}},
			{id: 1, ok: false, code: 'UNKNOWN_TICKET', message: ''},
		],
		after: async () => {
			const left = await settles(
				() => domains.reduce((sum, domain) => sum + domain.size, 0),
				(size) => size === 0,
			);
			t.is(left, 0, 'no relay was made');
		},
	});
});

test('what the processes say on their control links is read only where it is as agreed', (t) => {
	const report = {
		uid: 1,
		gid: 1,
		hardening: {isUndumpable: true, hasNoCore: true},
		landlock: 1,
		seccomp: true,
	};
	for (const [parse, valid] of [
		[
			parseFromProcess,
			[
				{kind: 'ready', report},
				{kind: 'failed', code: 'INTERNAL', message: ''},
				{kind: 'event', event: 'call-ended', figures: {}},
				{kind: 'alert-posted', sequence: 1},
				{kind: 'breach', link: 'user'},
			],
		],
		[parseToMediaProcess, [{kind: 'start', media: {}, maxCalls: 1}, {kind: 'take-link'}, {kind: 'stop'}]],
		[
			parseToUserProcess,
			[
				{kind: 'start', options: {}, mediaReport: {}, clockShiftMs: 0, alertsAfter: 1},
				{kind: 'clock', clockShiftMs: 5},
				{kind: 'ask', id: 1, what: 'calls'},
				{kind: 'stop'},
			],
		],
	] as const) {
		for (const message of valid) {
			t.deepEqual(parse(message) as unknown, message, JSON.stringify(message));
			for (const other of spoilt(message)) {
				const isPlain = 'alertsAfter' in message && !('alertsAfter' in other);
				const hasFigures = ['figures', 'media', 'options', 'mediaReport', 'message', 'clockShiftMs'].some(
					(name) =>
						name in other &&
						name in message &&
						typeof (other as Message)[name] === typeof (message as Message)[name] &&
						(other as Message)[name] !== (message as Message)[name],
				);
				if (!isPlain && !hasFigures) {
					t.is(parse(other), undefined, JSON.stringify(other).slice(0, 200));
				}
			}
		}

		for (const other of notMessages) {
			t.is(parse(other), undefined);
		}
	}
});
