import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {stringify} from 'yaml';
import {
	CertificateAuthority,
	createRoot,
	type IssuedCredential,
} from '../../trusted/certificates/certificate-authority.js';
import {parseCredential} from '../../trusted/certificates/credential.js';
import {certificateFingerprint} from '../../trusted/smime/certificate-fingerprint.js';
import {pemToDer} from '../../wire/asn1/pem.js';
import type {SrtpSuiteName} from '../../wire/sdes/suites.js';
import type {PhoneSetup, SpeechFile} from './phone-messages.js';

export const bob = 'sip:bob@branch.example';
export const alice = 'sip:alice@office.example';
const gateway = 'sip:gw.office.example';

/** Suites of the sealed calls through the gateway, and of the telephones that are attacked. */
export const gatewaySuites: readonly SrtpSuiteName[] = ['AEAD_AES_256_GCM', 'AES_CM_128_HMAC_SHA1_80'];
export const oldSuites: readonly SrtpSuiteName[] = ['AES_CM_128_HMAC_SHA1_80'];

/** Everybody's certificates, from an authority that exists for one demonstration. */
export type DemoWorld = {
	/** Temporary: keys, configuration, ledgers. */
	readonly folder: string;
	/** Kept: recordings, captures, report. */
	readonly output: string;
	readonly anchorPem: string;
	readonly bob: IssuedCredential;
	readonly alice: IssuedCredential;
	readonly gateway: IssuedCredential;
};

export async function makeWorld(folder: string, output: string): Promise<DemoWorld> {
	const root = await createRoot({commonName: 'Sallyport demonstration'});
	const credential = parseCredential(`${root.certificatePem}${root.privateKeyPem}`);
	const authority = new CertificateAuthority(credential);
	return {
		folder,
		output,
		anchorPem: root.certificatePem,
		bob: await authority.issue({uris: [bob]}),
		alice: await authority.issue({uris: [alice]}),
		gateway: await authority.issue({uris: [gateway]}),
	};
}

/** Writes the configuration of `sallyport serve` and what it names; returns its path. */
export async function writeGatewayConfiguration(world: DemoWorld, alicePort: number): Promise<string> {
	const write = async (name: string, text: string): Promise<string> => {
		await writeFile(join(world.folder, name), text, {mode: 0o600});
		return name;
	};

	const configuration = {
		listen: [
			{transport: 'tcp', address: '127.0.0.1', port: 0},
			{transport: 'udp', address: '127.0.0.1', port: 0},
		],
		media: {interfaces: [{name: 'loopback', address: '127.0.0.1'}]},
		suites: gatewaySuites,
		routes: [{to: alice, target: {transport: 'tcp', address: '127.0.0.1', port: alicePort}}],
		adminSocket: 'admin.sock',
		toolbox: {
			directory: 'gateway-state',
			identities: [
				{
					certificate: await write('gateway.pem', world.gateway.certificatePem),
					privateKey: await write('gateway.key', world.gateway.privateKeyPem),
				},
			],
			trustAnchors: [await write('anchor.pem', world.anchorPem)],
			localDomains: ['office.example'],
			peers: [
				// A new address of Bob's raises an alert; whether the message is new the ledger decides.
				{name: 'bob', match: {aor: bob}, origin: 'observe', addresses: ['127.0.0.1']},
				{
					name: 'alice',
					match: {aor: alice},
					origin: 'observe',
					addresses: ['127.0.0.1'],
					certificate: await write('alice.pem', world.alice.certificatePem),
				},
			],
		},
	};
	return join(world.folder, await write('gateway.yaml', stringify(configuration)));
}

/** Bob's telephone: it trusts the gateway with calls to the office. */
export function bobsPhone(world: DemoWorld, greeting: SpeechFile): PhoneSetup {
	return {
		...phone(world, 'bob', bob, world.bob, greeting),
		suites: gatewaySuites,
		acceptAnySource: false,
		protection: {
			kind: 'toolbox',
			directory: join(world.folder, 'bob-state'),
			localDomains: ['branch.example'],
			peers: [trunk(world, {domain: 'office.example'})],
		},
	};
}

/** Alice's telephone with a toolbox of its own: it lets the gateway speak for others. */
export function alicesPhone(world: DemoWorld, greeting: SpeechFile): PhoneSetup {
	return {
		...phone(world, 'alice', alice, world.alice, greeting),
		suites: gatewaySuites,
		acceptAnySource: false,
		protection: {
			kind: 'toolbox',
			directory: join(world.folder, 'alice-state'),
			localDomains: ['office.example'],
			peers: [trunk(world, {certificate: fingerprint(world.gateway.certificatePem)})],
		},
	};
}

/** A telephone that does S/MIME as RFC 3261 says and remembers nothing. */
export function oldPhone(
	world: DemoWorld,
	who: 'bob' | 'alice',
	name: string,
	greeting: SpeechFile,
	mirrorsKeys: boolean,
): PhoneSetup {
	return {
		...phone(world, name, who === 'bob' ? bob : alice, world[who], greeting),
		suites: oldSuites,
		acceptAnySource: true,
		protection: {
			kind: 'stateless',
			mirrorsKeys,
			recipients: {[alice]: world.alice.certificatePem, [bob]: world.bob.certificatePem},
		},
	};
}

function phone(world: DemoWorld, name: string, aor: string, credential: IssuedCredential, greeting: SpeechFile) {
	const {certificatePem, privateKeyPem} = credential;
	return {name, aor, certificatePem, privateKeyPem, trustAnchors: [world.anchorPem], greeting, output: world.output};
}

function trunk(world: DemoWorld, match: {readonly domain?: string; readonly certificate?: string}) {
	return {
		name: 'gateway',
		match,
		kind: 'trunk' as const,
		origin: 'pin' as const,
		addresses: ['127.0.0.1'],
		certificate: world.gateway.certificatePem,
	};
}

function fingerprint(pem: string): string {
	const blocks = pemToDer(pem);
	return certificateFingerprint((blocks.ok ? blocks.value[0] : undefined) ?? new Uint8Array());
}
