import {randomBytes} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import {HarnessKeys} from '#dist/cli/conformance/attacks/harness-keys.js';
import {CertificateAuthority, createRoot, parseCredential} from '#dist/trusted/certificates/index.js';
import {withHeader} from '#dist/wire/sip/headers.js';
import type {SipRequest} from '#dist/wire/sip/message.js';
import {writeSipMessage} from '#dist/wire/sip/write-message.js';

const caller = 'sip:bob@branch.example';
const callee = 'sip:alice@office.example';

/** How a message of our own is made; see `about` of the file. */
type MadeMessage = {
	readonly same?: string;
	readonly call?: string;
	readonly at?: number;
	readonly key?: string;
	readonly method?: string;
	readonly sequence?: number;
	readonly outside?: Readonly<Record<string, string>>;
};

export type MadeStep = {readonly expect?: string; readonly [field: string]: unknown};
export type MadeScenario = {
	readonly id: string;
	readonly variant: string;
	readonly clock: string;
	readonly steps: readonly MadeStep[];
};
type MadeFile = {
	readonly messages: Readonly<Record<string, MadeMessage>>;
	readonly scenarios: readonly MadeScenario[];
};

export function readMadeFile(): MadeFile {
	return JSON.parse(readFileSync('test/vectors/attacks/scenarios.json', 'utf8')) as MadeFile;
}

/**
 * Writes the scenarios that `choose` leaves into a folder of their own, with an authority, a gateway's key and messages
 * that are sealed now. Returns the folder.
 */
export async function makeScenarios(
	t: ExecutionContext,
	choose: (scenarios: readonly MadeScenario[]) => readonly MadeScenario[] = (scenarios) => scenarios,
): Promise<string> {
	const file = readMadeFile();
	const folder = await mkdtemp(join(tmpdir(), 'sallyport-made-'));
	t.teardown(() => rm(folder, {recursive: true, force: true}));
	for (const name of ['pki', 'attacks']) {
		await mkdir(join(folder, name));
	}

	const clockMs = Date.parse(file.scenarios[0]?.clock ?? '');
	const root = await createRoot({commonName: 'Made', nowMs: clockMs - 86_400_000});
	const authority = new CertificateAuthority(parseCredential(`${root.certificatePem}${root.privateKeyPem}`));
	const gateway = await authority.issue({uris: ['sip:gw.office.example'], nowMs: clockMs - 86_400_000});
	const credential = {certificate: gateway.certificatePem, privateKey: gateway.privateKeyPem};
	const keys = await HarnessKeys.open([caller], [credential], {fromMs: clockMs, toMs: clockMs});
	await writeFile(join(folder, 'pki/anchor.pem'), keys.anchor);
	await writeFile(join(folder, 'pki/gateway.pem'), gateway.certificatePem);
	await writeFile(join(folder, 'pki/gateway.key'), gateway.privateKeyPem);
	const masterKeys = new Map<string, string>();
	const keyOf = (name: string): string => {
		const key = masterKeys.get(name) ?? randomBytes(30).toString('base64');
		masterKeys.set(name, key);
		return key;
	};
	const made = new Map<string, SipRequest>();
	for (const [name, what] of Object.entries(file.messages)) {
		const message = (what.same === undefined ? undefined : made.get(what.same)) ?? plain(what);
		const {at, key} = what;
		const sealed =
			at === undefined || key === undefined
				? message
				: await keys.seal(message, sdp(keyOf(key)), {party: caller, nowMs: clockMs + 1000 * at});
		const changed = Object.entries(what.outside ?? {}).reduce(changeOutside, sealed);
		made.set(name, changed);
		await writeFile(join(folder, 'attacks', name), writeSipMessage(changed));
	}

	await keys.close();
	const scenarios = choose(file.scenarios);
	await writeFile(join(folder, 'attacks/scenarios.json'), JSON.stringify({...file, scenarios}));
	return folder;
}

function plain({call = '', method = 'INVITE', sequence = 1}: MadeMessage): SipRequest {
	return {
		kind: 'request',
		method,
		uri: callee,
		headers: [
			{name: 'Via', value: `SIP/2.0/UDP 203.0.113.5:5060;branch=z9hG4bK${call}${method};rport`},
			{name: 'Max-Forwards', value: '70'},
			{name: 'From', value: `<${caller}>;tag=${call}`},
			{name: 'To', value: `<${callee}>`},
			{name: 'Call-ID', value: `${call}@branch.example`},
			{name: 'CSeq', value: `${sequence} ${method}`},
			{name: 'Contact', value: '<sip:bob@203.0.113.5:5060>'},
		],
		body: new Uint8Array(),
	};
}

function changeOutside(message: SipRequest, [name, value]: readonly [string, string]): SipRequest {
	return name === 'branch'
		? withHeader(message, 'Via', `SIP/2.0/UDP 203.0.113.5:5060;branch=z9hG4bK${value};rport`)
		: withHeader(message, name, value);
}

function sdp(key: string): string {
	return [
		'v=0',
		'o=bob 1 1 IN IP4 203.0.113.5',
		's=-',
		'c=IN IP4 203.0.113.5',
		't=0 0',
		'm=audio 49170 RTP/SAVP 0',
		`a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key}`,
	]
		.map((line) => `${line}\r\n`)
		.join('');
}
