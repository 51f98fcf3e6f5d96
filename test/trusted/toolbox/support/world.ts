import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import {
	CertificateAuthority,
	createRoot,
	type IssuedCredential,
	parseCredential,
} from '#dist/trusted/certificates/index.js';
import {MasterKey} from '#dist/trusted/media/srtp/index.js';
import {type PeerRules, Toolbox, type ToolboxOptions} from '#dist/trusted/toolbox/index.js';
import type {
	Denial,
	FilterInbound,
	Outbound,
	OwnKeyHandle,
	Release,
	ToolboxReply,
} from '#dist/trusted/toolbox/protocol.js';
import type {SrtpSuiteName} from '#dist/wire/sdes/suites.js';
import type {SipMessage, SipRequest, SipResponse} from '#dist/wire/sip/message.js';

/** A clock that stands still until it is moved. */
export class ManualClock {
	#nowMs: number;

	constructor(nowMs: number) {
		this.#nowMs = nowMs;
	}

	wallMs(): number {
		return this.#nowMs;
	}

	monotonicMs(): number {
		return this.#nowMs;
	}

	advance(byMs: number): void {
		this.#nowMs += byMs;
	}
}

export type World = {
	readonly clock: ManualClock;
	readonly anchor: string;
	readonly authority: CertificateAuthority;
	readonly bob: IssuedCredential;
	readonly gateway: IssuedCredential;
	readonly folder: (name: string) => string;
	/** Options of a toolbox for the user or the domain that a credential names. */
	readonly options: (name: string, who: IssuedCredential, more: Partial<ToolboxOptions>) => ToolboxOptions;
	readonly dispose: () => void;
};

/** A certificate authority, a user Bob, and a gateway of the domain gw.example.com. */
export async function makeWorld(): Promise<World> {
	const nowMs = Date.now();
	const root = await createRoot({commonName: 'Test root'});
	const authority = new CertificateAuthority(parseCredential(`${root.certificatePem}\n${root.privateKeyPem}`));
	const bob = await authority.issue({uris: ['sip:bob@biloxi.example.com']});
	const gateway = await authority.issue({uris: ['sip:gw.example.com']});
	const base = mkdtempSync(join(tmpdir(), 'sallyport-toolbox-'));
	const folder = (name: string) => join(base, name);
	return {
		clock: new ManualClock(nowMs),
		anchor: root.certificatePem,
		authority,
		bob,
		gateway,
		folder,
		options: (name, who, more) => ({
			directory: folder(name),
			identities: [{certificate: who.certificatePem, privateKey: who.privateKeyPem}],
			trustAnchors: [root.certificatePem],
			localDomains: [],
			uniformFailureMs: 5,
			...more,
		}),
		dispose: () => rmSync(base, {recursive: true, force: true}),
	};
}

export type Pair = {readonly caller: Toolbox; readonly callee: Toolbox};

/** Bob's toolbox and the gateway's, which trust each other. */
export async function openPair(
	world: World,
	{callerDefaults = {}, ...more}: Partial<ToolboxOptions> & {readonly callerDefaults?: PeerRules} = {},
): Promise<Pair> {
	const caller = await Toolbox.open(
		world.options('bob', world.bob, {
			localDomains: ['biloxi.example.com'],
			defaults: callerDefaults,
			peers: [
				{
					name: 'gateway',
					kind: 'domain',
					match: {domain: 'gw.example.com'},
					certificate: world.gateway.certificatePem,
				},
			],
		}),
		{clock: world.clock},
	);
	const callee = await Toolbox.open(
		world.options('gateway', world.gateway, {localDomains: ['gw.example.com'], ...more}),
		{clock: world.clock},
	);
	return {caller, callee};
}

/** A world with Bob's toolbox and the gateway's in it, which go when the test ends. */
export async function openWorld(
	t: ExecutionContext,
	more: Parameters<typeof openPair>[1] = {},
): Promise<Pair & {readonly world: World}> {
	const world = await makeWorld();
	const pair = await openPair(world, more);
	t.teardown(async () => {
		await pair.caller.close();
		await pair.callee.close();
		world.dispose();
	});
	return {...pair, world};
}

export const suite: SrtpSuiteName = 'AES_CM_128_HMAC_SHA1_80';
export const bobsAddress = {transport: 'udp', address: '192.0.2.7', port: 5060} as const;
export const charlesAddress = {transport: 'udp', address: '198.51.100.66', port: 5060} as const;

export function sdpOf(handle: string, {port = 4000, version = 1, extra = ''} = {}): string {
	return [
		'v=0',
		`o=bob 1 ${version} IN IP4 192.0.2.7`,
		's=-',
		'c=IN IP4 192.0.2.7',
		't=0 0',
		`m=audio ${port} RTP/SAVP 0`,
		`a=crypto:1 ${suite} handle:${handle}`,
		`${extra}`,
	]
		.filter((line) => line !== '')
		.map((line) => `${line}\r\n`)
		.join('');
}

export function inviteOf(sdp: string, {callId = 'call-1', tag = 'bob-1', sequence = 1, toTag = ''} = {}): SipRequest {
	return {
		kind: 'request',
		method: 'INVITE',
		uri: 'sip:alice@gw.example.com',
		headers: [
			{name: 'Via', value: 'SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK1'},
			{name: 'From', value: `<sip:bob@biloxi.example.com>;tag=${tag}`},
			{name: 'To', value: `<sip:alice@gw.example.com>${toTag === '' ? '' : `;tag=${toTag}`}`},
			{name: 'Call-ID', value: callId},
			{name: 'CSeq', value: `${sequence} INVITE`},
			{name: 'Contact', value: '<sip:bob@192.0.2.7:5060>'},
			{name: 'Content-Type', value: 'application/sdp'},
		],
		body: Buffer.from(sdp),
	};
}

export function answerOf(request: SipRequest, sdp: string, toTag = 'gw-1'): SipResponse {
	const of = (name: string) => request.headers.find((header) => header.name === name)?.value ?? '';
	return {
		kind: 'response',
		status: 200,
		reason: 'OK',
		headers: [
			{name: 'Via', value: of('Via')},
			{name: 'From', value: of('From')},
			{name: 'To', value: `${of('To')};tag=${toTag}`},
			{name: 'Call-ID', value: of('Call-ID')},
			{name: 'CSeq', value: of('CSeq')},
			{name: 'Contact', value: '<sip:gw.example.com>'},
			{name: 'Content-Type', value: 'application/sdp'},
		],
		body: Buffer.from(sdp),
	};
}

export async function mint(toolbox: Toolbox, call: string, leg = 'line'): Promise<OwnKeyHandle> {
	const reply = await toolbox.handle({kind: 'mint-keys', call, leg, suites: [suite]});
	if (reply.verdict !== 'keys') {
		throw new Error(`Expected a key, got ${JSON.stringify(reply)}.`);
	}

	return reply.handles[0] as OwnKeyHandle;
}

export async function send(
	toolbox: Toolbox,
	message: SipMessage,
	{call = 'c1', leg = 'line', role = 'offer' as FilterInbound['role']} = {},
): Promise<Outbound> {
	const reply = await toolbox.handle({kind: 'filter-outbound', call, leg, role, message});
	if (reply.verdict !== 'outbound') {
		throw new Error(`Expected a message, got ${JSON.stringify(reply)}.`);
	}

	return reply;
}

export async function receive(
	toolbox: Toolbox,
	message: SipMessage,
	{
		call = 'c1',
		leg = 'line',
		role = 'offer' as FilterInbound['role'],
		origin = bobsAddress as FilterInbound['origin'],
	} = {},
): Promise<Release | Denial> {
	const reply: ToolboxReply = await toolbox.handle({kind: 'filter-inbound', call, leg, role, origin, message});
	if (reply.verdict !== 'release' && reply.verdict !== 'denial') {
		throw new Error(`Expected a verdict, got ${JSON.stringify(reply)}.`);
	}

	return reply;
}

/** An INVITE of Bob with a fresh key, sealed for the gateway. */
export async function sealedInvite(
	caller: Toolbox,
	{call = 'c1', ...headers}: {readonly call?: string; readonly callId?: string; readonly tag?: string} = {},
): Promise<SipRequest> {
	const handle = await mint(caller, call);
	return (await send(caller, inviteOf(sdpOf(handle), headers), {call})).message as SipRequest;
}

/** Installs the first key of a release, as the media domain would, and wipes it. */
export async function install(toolbox: Toolbox, release: Release, {call = 'c1', leg = 'line'} = {}): Promise<boolean> {
	const [key] = release.keys;
	const reply = await toolbox.redeem({kind: 'redeem-peer-key', key: key?.handle ?? ('' as never), call, leg});
	if (reply.ok && 'slot' in reply) {
		MasterKey.claim(reply.slot).destroy();
	}

	return reply.ok;
}

export function reasonOf(verdict: Release | Denial): string {
	return verdict.verdict === 'denial' ? verdict.reason : 'released';
}
