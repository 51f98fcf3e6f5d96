import assert from 'node:assert/strict';
import {randomBytes} from 'node:crypto';
import {readFileSync} from 'node:fs';
import test, {type ExecutionContext} from 'ava';
import {openCmsProvider} from '#dist/trusted/smime/index.js';
import {Toolbox} from '#dist/trusted/toolbox/index.js';
import {
	type MimeEntity,
	parseMimeEntity,
	writeMimeEntity,
	writeMultipart,
	writeMultipartSigned,
	writePkcs7Mime,
} from '#dist/wire/mime/index.js';
import {writeSipDate} from '#dist/wire/sip/date.js';
import {header, withBody, withHeader} from '#dist/wire/sip/headers.js';
import type {SipRequest} from '#dist/wire/sip/message.js';
import {writeSipMessage} from '#dist/wire/sip/write-message.js';
import {passThroughProxy} from './support/refolding-proxy.js';
import {inviteOf, makeWorld, mint, openPair, reasonOf, receive, sdpOf, send, type World} from './support/world.js';

// Every form in which RFC 3261 §23 and RFC 8551 §3 let a session description be sealed, through a proxy that folds
// headers anew, made by our templates or by a peer that makes something else than we would.

function shipped(name: string): string {
	const url = new URL(`../../../../dist/trusted/toolbox/templates/${name}.yaml`, import.meta.url);
	return readFileSync(url, 'utf8');
}

/** The template that seals offers, with other parameters for two of its tools. */
function sealing(parameters: {readonly copy?: string; readonly form?: string; readonly layout?: string}): string {
	const {copy = 'identity', form = 'signed-data', layout = 'beside'} = parameters;
	return shipped('sdes-smime-outbound')
		.replace('version: 1', 'version: 2')
		.replace(
			'in: { message: message } }\n  - { step: sign',
			`in: { message: message }, with: { copy: ${copy} } }\n  - { step: sign`,
		)
		.replace('sdp: sdp.sdp } }', `sdp: sdp.sdp }, with: { form: ${form}, layout: ${layout} } }`);
}

async function openSealing(t: ExecutionContext, template: string): Promise<{caller: Toolbox; callee: Toolbox}> {
	const world = await makeWorld();
	const {caller: unused, callee} = await openPair(world);
	await unused.close();
	const peers = [
		{
			name: 'gateway',
			kind: 'domain',
			match: {domain: 'gw.example.com'},
			certificate: world.gateway.certificatePem,
		} as const,
	];
	const caller = await Toolbox.open(
		world.options('bob-2', world.bob, {localDomains: ['biloxi.example.com'], peers, templates: [template]}),
		{clock: world.clock},
	);
	t.teardown(async () => {
		await caller.close();
		await callee.close();
		world.dispose();
	});
	return {caller, callee};
}

for (const parameters of [
	{},
	{form: 'multipart-signed'},
	{layout: 'tunnel'},
	{layout: 'tunnel', form: 'multipart-signed'},
	{copy: 'message', layout: 'tunnel'},
	{copy: 'message', layout: 'tunnel', form: 'multipart-signed'},
]) {
	test(`a body sealed with ${JSON.stringify(parameters)} passes a proxy that folds headers anew, once`, async (t) => {
		const {caller, callee} = await openSealing(t, sealing(parameters));
		const sent = await send(caller, inviteOf(sdpOf(await mint(caller, 'c1'))));
		const arrived = passThroughProxy(sent.message);
		t.deepEqual(Buffer.from(arrived.body), Buffer.from(sent.message.body));
		t.notDeepEqual(arrived.headers, sent.message.headers);
		const release = await receive(callee, arrived);
		t.is(reasonOf(release), 'released', JSON.stringify(release));
		t.is(release.verdict === 'release' && release.keys.length, 1);
		t.regex(release.verdict === 'release' ? release.sdp : '', /a=crypto:1 AES_CM_128_HMAC_SHA1_80 handle:/);
		const moved = withHeader(arrived, 'Contact', '<sip:charles@198.51.100.66>');
		t.is(reasonOf(await receive(callee, moved, {call: 'c2'})), 'BINDING_MISMATCH');
		t.is(reasonOf(await receive(callee, arrived, {call: 'c3'})), 'MERGED');
	});
}

/** A peer that is Bob and makes bodies by hand: one for all tests. */
async function openByHand() {
	const world = await makeWorld();
	const {caller, callee} = await openPair(world, {defaults: {clearSigned: 'i-accept-visible-keys'}});
	await caller.close();
	const bob = await openCmsProvider({
		keys: [{certificatePem: world.bob.certificatePem, privateKeyPem: world.bob.privateKeyPem}],
		provider: 'openssl',
	});
	const [{keyId} = {keyId: ''}] = bob.privateKeys.keys;
	const sign = async (content: Uint8Array, detached: boolean) => {
		const signed = await bob.provider.sign({content, keyId, signingTimeMs: world.clock.wallMs(), detached});
		return signed.ok ? signed.value : assert.fail(signed.failure.code);
	};
	const close = async () => {
		await bob.provider.close();
		await callee.close();
		world.dispose();
	};
	return {world, callee, bob: bob.provider, sign, close};
}

let peer!: ByHand;
test.before(async () => {
	peer = await openByHand();
});
test.after.always(() => peer.close());

type ByHand = Awaited<ReturnType<typeof openByHand>>;

let calls = 0;

/** An INVITE with a Date and its own Call-ID, and no body yet. */
function bareInvite(world: World): SipRequest {
	const invite = inviteOf('', {callId: `by-hand-${++calls}`});
	return withHeader(withBody(invite, new Uint8Array(), []), 'Date', writeSipDate(world.clock.wallMs()));
}

function fragmentOf(invite: SipRequest): string {
	return ['From', 'To', 'Call-ID', 'CSeq', 'Date', 'Contact']
		.map((name) => `${name}: ${header(invite, name)}\r\n`)
		.join('');
}

/** A session description with a key of its own. */
function freshSdp(): string {
	const key = randomBytes(30).toString('base64');
	return sdpOf('').replace(/handle:.*/, `inline:${key}`);
}

function part(type: string, body: string | Uint8Array, more: Readonly<Record<string, string>> = {}): Buffer {
	const headers = Object.entries({'Content-Type': type, ...more}).map(([name, value]) => ({name, value}));
	return writeMimeEntity({headers, body: typeof body === 'string' ? Buffer.from(body) : body});
}

function mixed(...parts: readonly Uint8Array[]): Buffer {
	const boundary = `b${++calls}-`;
	return part(`multipart/mixed; boundary="${boundary}"`, writeMultipart(parts, boundary));
}

/** What the callee says of `content`, signed and sealed, as the body of `invite`. */
async function offer(
	invite: SipRequest,
	content: Uint8Array,
	{detached = false, micalg = 'sha-256', base64 = false, sealed = true} = {},
) {
	const {world, callee, bob, sign} = peer;
	const signature = await sign(content, detached);
	const entity: MimeEntity = detached
		? writeMultipartSigned(content, signature, {micAlgorithm: micalg as 'sha-256', boundary: 'sig nature'}, {base64})
		: writePkcs7Mime(signature, 'signed-data', {base64});
	if (!sealed) {
		return receive(callee, withBody(invite, entity.body, entity.headers), {call: `c${++calls}`});
	}

	const envelope = await bob.encrypt({
		content: writeMimeEntity(entity),
		recipients: [pemToDer(world.gateway.certificatePem)],
		cipher: 'AES-128-GCM',
	});
	if (!envelope.ok) {
		throw new Error(envelope.failure.message);
	}

	const {headers, body} = writePkcs7Mime(envelope.value, 'authEnveloped-data', {base64});
	return receive(callee, passThroughProxy(withBody(invite, body, headers)), {call: `c${++calls}`});
}

function pemToDer(pem: string): Uint8Array {
	return Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
}

for (const options of [
	{},
	{base64: true},
	{detached: true},
	{detached: true, base64: true},
	{detached: true, micalg: 'sha256'},
	{detached: true, micalg: '"sha-384,sha-256"'},
	{detached: true, micalg: 'blake3'},
]) {
	test(`a peer's parts beside each other, sent with ${JSON.stringify(options)}, are taken`, async (t) => {
		const invite = bareInvite(peer.world);
		const content = mixed(part('message/sipfrag', fragmentOf(invite)), part('application/sdp', freshSdp()));
		const verdict = await offer(invite, content, options);
		t.is(reasonOf(verdict), 'released', JSON.stringify(verdict));
	});
}

test('a micalg that names another digest is refused with the one face', async (t) => {
	const invite = bareInvite(peer.world);
	const content = mixed(part('message/sipfrag', fragmentOf(invite)), part('application/sdp', freshSdp()));
	for (const micalg of ['sha-512', 'sha1']) {
		const verdict = await offer(invite, content, {detached: true, micalg});
		t.is(reasonOf(verdict), 'BAD_ATTRIBUTES');
		t.is(verdict.verdict === 'denial' && verdict.status, 493);
	}
});

const shapes: readonly (readonly [string, string, (invite: SipRequest) => Uint8Array])[] = [
	[
		'other parts that need not be understood',
		'released',
		(invite) =>
			mixed(
				part('text/html', '<b>', {'Content-Disposition': 'render;handling=optional'}),
				part('message/sipfrag', fragmentOf(invite)),
				part('application/isup', Uint8Array.of(1, 0, 255), {'Content-Disposition': 'signal; handling=optional'}),
				part('application/sdp', freshSdp()),
			),
	],
	[
		'another part that must be understood',
		'BAD_SIGNED_CONTENT',
		(invite) =>
			mixed(
				part('message/sipfrag', fragmentOf(invite)),
				part('application/isup', 'x', {'Content-Disposition': 'signal;handling=required'}),
				part('application/sdp', freshSdp()),
			),
	],
	[
		'parts in parts',
		'released',
		(invite) =>
			mixed(mixed(part('message/sipfrag', fragmentOf(invite))), mixed(mixed(part('application/sdp', freshSdp())))),
	],
	[
		'parts in parts beyond the limit',
		'BAD_SIGNED_CONTENT',
		(invite) => mixed(mixed(mixed(mixed(mixed(part('message/sipfrag', fragmentOf(invite))))))),
	],
	[
		'transfer encodings inside',
		'released',
		(invite) =>
			mixed(
				part('message/sipfrag', fragmentOf(invite).replaceAll('=', '=3D'), {
					'Content-Transfer-Encoding': 'quoted-printable',
				}),
				part('application/sdp', Buffer.from(freshSdp()).toString('base64'), {'Content-Transfer-Encoding': 'BASE64'}),
			),
	],
	[
		'a whole message whose body has parts',
		'released',
		(invite) => {
			const entity = parseMimeEntity(
				mixed(
					part('application/sdp', freshSdp()),
					part('text/plain', 'hello', {'Content-Disposition': 'render;handling=optional'}),
				),
			);
			return entity.ok
				? part('message/sip', writeSipMessage(withBody(invite, entity.value.body, entity.value.headers)))
				: new Uint8Array();
		},
	],
	[
		'a whole message whose body is encoded',
		'released',
		(invite) =>
			part(
				'message/sip',
				writeSipMessage(
					withBody(invite, Buffer.from(Buffer.from(freshSdp()).toString('base64')), [
						{name: 'Content-Type', value: 'application/sdp'},
						{name: 'Content-Transfer-Encoding', value: 'base64'},
					]),
				),
			),
	],
	[
		'a message in a message',
		'BAD_SIGNED_CONTENT',
		(invite) =>
			part(
				'message/sip',
				writeSipMessage(
					withBody(invite, Buffer.from(`${fragmentOf(invite)}Content-Type: application/sdp\r\n\r\n${freshSdp()}`), [
						{name: 'Content-Type', value: 'message/sipfrag'},
					]),
				),
			),
	],
	[
		'two sets of headers',
		'BINDING_AMBIGUOUS',
		(invite) =>
			mixed(
				part('message/sipfrag', fragmentOf(invite)),
				part(
					'message/sip',
					writeSipMessage(
						withBody(invite, Buffer.from(freshSdp()), [{name: 'Content-Type', value: 'application/sdp'}]),
					),
				),
			),
	],
	[
		'two descriptions',
		'BAD_SIGNED_CONTENT',
		(invite) =>
			mixed(
				part('message/sipfrag', fragmentOf(invite)),
				part('application/sdp', freshSdp()),
				part('application/sdp', freshSdp()),
			),
	],
	[
		'headers of another message',
		'BINDING_MISMATCH',
		(invite) =>
			mixed(
				part('message/sipfrag', fragmentOf(withHeader(invite, 'Call-ID', 'other'))),
				part('application/sdp', freshSdp()),
			),
	],
];

for (const [title, verdict, make] of shapes) {
	for (const detached of [false, true]) {
		test(`${title}, signed ${detached ? 'beside' : 'inside'}: ${verdict}`, async (t) => {
			const invite = bareInvite(peer.world);
			const got = await offer(invite, make(invite), {detached});
			t.is(reasonOf(got), verdict, JSON.stringify(got));
		});
	}
}

test('octets of the signed part that change on the way are noticed, those around it are not signed', async (t) => {
	const invite = bareInvite(peer.world);
	const content = mixed(part('message/sipfrag', fragmentOf(invite)), part('application/sdp', freshSdp()));
	const signature = await peer.sign(content, true);
	const how = {micAlgorithm: 'sha-256', boundary: 'outermost'} as const;
	const {headers, body} = writeMultipartSigned(content, signature, how);
	const text = Buffer.from(body).toString('latin1');
	const tried = async (changed: string) =>
		reasonOf(
			await receive(peer.callee, withBody(invite, Buffer.from(changed, 'latin1'), headers), {call: `c${++calls}`}),
		);
	t.is(await tried(text.replace('s=-\r\n', 's=-\n')), 'BAD_SIGNATURE');
	t.is(await tried(text.replace('Content-Type: application/sdp', 'content-type: application/sdp')), 'BAD_SIGNATURE');
	t.is(await tried(`This is a message in MIME.\r\n${text}\r\nnobody reads this`), 'released');
});
