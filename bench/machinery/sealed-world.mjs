// A caller who seals INVITEs, and what opens them: toolboxes whose ledger is in memory.
import {randomBytes} from 'node:crypto';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import {setTimeout as sleep} from 'node:timers/promises';
import {systemClock} from '../../dist/base/clock.js';
import {CertificateAuthority, createRoot, parseCredential} from '../../dist/trusted/certificates/index.js';
import {NativeCertificateValidator} from '../../dist/trusted/certificates/native-certificate-validator.js';
import {MasterKey} from '../../dist/trusted/media/srtp/master-key.js';
import {openCmsProvider} from '../../dist/trusted/smime/open-cms-provider.js';
import {AlertLog} from '../../dist/trusted/toolbox/alerts/alert-log.js';
import {CallTable} from '../../dist/trusted/toolbox/calls/call-table.js';
import {NativeKeyVault} from '../../dist/trusted/toolbox/calls/native-key-vault.js';
import {Challenges} from '../../dist/trusted/toolbox/challenge/challenges.js';
import {Ledger} from '../../dist/trusted/toolbox/ledger/ledger.js';
import {ledgerLimits} from '../../dist/trusted/toolbox/ledger/ledger-limits.js';
import {MemoryLedger} from '../../dist/trusted/toolbox/ledger/memory-ledger-store.js';
import {OriginMonitor} from '../../dist/trusted/toolbox/origin/origin-monitor.js';
import {OriginPresence} from '../../dist/trusted/toolbox/origin/presence.js';
import {fingerprintOf, Policy} from '../../dist/trusted/toolbox/policy/policy.js';
import {Toolbox} from '../../dist/trusted/toolbox/toolbox.js';
import {pemToDer} from '../../dist/wire/asn1/pem.js';

const suite = 'AES_CM_128_HMAC_SHA1_80';
const origin = {transport: 'udp', address: '192.0.2.7', port: 5060};

/** `count` INVITEs, each with a key of its own, and all that is needed to open them. */
export async function makeSealedWorld(count) {
	const root = await createRoot({commonName: 'Bench root'});
	const authority = new CertificateAuthority(parseCredential(`${root.certificatePem}\n${root.privateKeyPem}`));
	const bob = await authority.issue({uris: ['sip:bob@biloxi.example.com']});
	const gateway = await authority.issue({uris: ['sip:gw.example.com']});
	const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));
	const openToolbox = (name, who, more) =>
		Toolbox.open(
			{
				directory: join(folder, name),
				identities: [{certificate: who.certificatePem, privateKey: who.privateKeyPem}],
				trustAnchors: [root.certificatePem],
				...more,
			},
			{sharedLedger: new MemoryLedger(randomBytes(32)).open()},
		);
	const caller = await openToolbox('bob', bob, {
		localDomains: ['biloxi.example.com'],
		peers: [{name: 'gateway', kind: 'domain', match: {domain: 'gw.example.com'}, certificate: gateway.certificatePem}],
	});
	let calls = 0;
	const sealInvites = async () => {
		const sealed = [];
		for (let index = 0; index < count; index++) {
			const call = `call-${calls++}`;
			sealed.push(await sealInvite(caller, call));
			await caller.handle({kind: 'end-call', call, reason: 'sealed'});
		}

		return sealed;
	};
	const invites = await sealInvites();
	const {provider} = await openCmsProvider({
		keys: [{certificatePem: gateway.certificatePem, privateKeyPem: gateway.privateKeyPem}],
	});
	const policy = new Policy({localDomains: ['gw.example.com']});
	const validator = new NativeCertificateValidator({anchors: pemToDer(root.certificatePem).value});
	const [certificate] = pemToDer(gateway.certificatePem).value;
	let toolboxes = 0;
	return {
		invites,
		/** Services that have seen nothing yet. */
		fresh() {
			const services = {
				policy,
				cms: provider,
				validator,
				ledger: new Ledger(new MemoryLedger(randomBytes(32)).open(), ledgerLimits({}, false)),
				origins: new OriginMonitor(originStore()),
				presence: new OriginPresence(),
				challenges: new Challenges([]),
				alerts: new AlertLog({put() {}, remove() {}, getRange: () => []}),
				calls: new CallTable(new NativeKeyVault()),
				clock: systemClock,
				ownCertificates: [fingerprintOf(certificate)],
				freshness: {maxAgeSeconds: 3600, maxFutureSeconds: 60},
			};
			let calls = 0;
			return {
				peer: policy.peerFor([]),
				contextOf() {
					const call = `c${calls++}`;
					const leg = services.calls.leg(call, 'a');
					return {...services, nowMs: Date.now(), call, leg, role: 'offer', origin, wipeLater() {}};
				},
			};
		},
		/** Opens every INVITE and answers it sealed, in a toolbox of its own. */
		async timeToolbox() {
			const toolbox = await openToolbox(`gateway-${toolboxes++}`, gateway, {
				localDomains: ['gw.example.com'],
				freshness: {maxAgeSeconds: 3600, maxFutureSeconds: 60},
			});
			// In a second after its start: what was signed before would be stale to a ledger that it knows nothing of.
			await sleep(1100);
			const fresh = await sealInvites();
			const cpu = process.cpuUsage();
			const startMs = performance.now();
			for (const [index, message] of fresh.entries()) {
				await openAndAnswer(toolbox, message, `c${index}`);
			}

			const {user, system} = process.cpuUsage(cpu);
			const wallUs = (1000 * (performance.now() - startMs)) / count;
			await toolbox.close();
			return {cpuUs: (user + system) / count, wallUs};
		},
		async close() {
			await caller.close();
			await provider.close();
			rmSync(folder, {recursive: true, force: true});
		},
	};
}

async function openAndAnswer(toolbox, message, call) {
	const about = {call, leg: 'a'};
	const released = await toolbox.handle({kind: 'filter-inbound', ...about, role: 'offer', origin, message});
	if (released.verdict !== 'release') {
		throw new Error(`Expected a release, got ${released.reason ?? released.code} of the step ${released.step}.`);
	}

	const [key] = released.keys;
	const redeemed = await toolbox.redeem({kind: 'redeem-peer-key', ...about, key: key?.handle});
	MasterKey.claim(redeemed.slot).destroy();
	const {
		handles: [handle],
	} = await toolbox.handle({kind: 'mint-keys', ...about, suites: [suite]});
	const answer = {
		kind: 'response',
		status: 200,
		reason: 'OK',
		headers: message.headers
			.filter(({name}) => ['Via', 'From', 'To', 'Call-ID', 'CSeq'].includes(name))
			.map(({name, value}) => ({name, value: name === 'To' ? `${value};tag=gw` : value}))
			.concat([
				{name: 'Contact', value: '<sip:gw.example.com>'},
				{name: 'Content-Type', value: 'application/sdp'},
			]),
		body: sdpOf(handle),
	};
	const sealed = await toolbox.handle({kind: 'filter-outbound', ...about, role: 'answer', message: answer});
	if (sealed.protection !== 'sealed') {
		throw new Error(`Expected a sealed answer, got ${sealed.verdict} ${sealed.reason ?? sealed.code ?? ''}.`);
	}
}

async function sealInvite(caller, call) {
	const {
		handles: [handle],
	} = await caller.handle({kind: 'mint-keys', call, leg: 'a', suites: [suite]});
	const message = {
		kind: 'request',
		method: 'INVITE',
		uri: 'sip:alice@gw.example.com',
		headers: [
			{name: 'Via', value: `SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK${call}`},
			{name: 'From', value: `<sip:bob@biloxi.example.com>;tag=${call}`},
			{name: 'To', value: '<sip:alice@gw.example.com>'},
			{name: 'Call-ID', value: call},
			{name: 'CSeq', value: '1 INVITE'},
			{name: 'Contact', value: '<sip:bob@192.0.2.7:5060>'},
			{name: 'Content-Type', value: 'application/sdp'},
		],
		body: sdpOf(handle),
	};
	const sealed = await caller.handle({kind: 'filter-outbound', call, leg: 'a', role: 'offer', message});
	if (sealed.verdict !== 'outbound') {
		throw new Error(`Expected a sealed INVITE, got ${sealed.reason ?? sealed.code}.`);
	}

	return sealed.message;
}

function sdpOf(handle) {
	return Buffer.from(
		`v=0\r\no=bob 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\n` +
			`m=audio 4000 RTP/SAVP 0\r\na=crypto:1 ${suite} handle:${handle}\r\n`,
	);
}

function originStore() {
	const records = new Map();
	return {
		get: (name) => records.get(name),
		put: (name, value) => records.set(name, value),
		remove: (name) => records.delete(name),
		getRange: () => [],
		getCount: () => records.size,
	};
}
