import {MessageChannel} from 'node:worker_threads';
import {demandValue, SallyportError} from '../../base/error.js';
import type {CodedFailure, Result} from '../../base/result.js';
import type {MessageFilter} from '../../gateway/message-filter.js';
import type {KeySource} from '../../gateway/phone/key-source.js';
import {NativeCertificateValidator} from '../../trusted/certificates/native-certificate-validator.js';
import {KeyChannel, type RedeemedKey} from '../../trusted/media/key-channel.js';
import {MasterKey} from '../../trusted/media/srtp/master-key.js';
import {openCmsProvider} from '../../trusted/smime/open-cms-provider.js';
import type {Alert, LedgerEntry} from '../../trusted/toolbox/protocol.js';
import {Toolbox} from '../../trusted/toolbox/toolbox.js';
import {ToolboxClient} from '../../trusted/toolbox/toolbox-client.js';
import {ToolboxDomain} from '../../trusted/toolbox/toolbox-domain.js';
import {pemToDer} from '../../wire/asn1/pem.js';
import type {PhoneSetup} from './phone-messages.js';
import {StatelessFilter} from './stateless-filter.js';

/** What stands between a phone and its messages: a toolbox of its own, or S/MIME alone. */
export type PhoneProtection = {
	readonly filter: MessageFilter;
	readonly keys: KeySource;
	inspect(): Promise<{readonly alerts: readonly Alert[]; readonly ledger: readonly LedgerEntry[]}>;
	close(): Promise<void>;
};

export function openPhoneProtection(setup: PhoneSetup): Promise<PhoneProtection> {
	return setup.protection.kind === 'toolbox'
		? withToolbox(setup, setup.protection)
		: withoutMemory(setup, setup.protection);
}

async function withToolbox(
	{certificatePem, privateKeyPem, trustAnchors, suites}: PhoneSetup,
	{directory, peers, localDomains}: Extract<PhoneSetup['protection'], {kind: 'toolbox'}>,
): Promise<PhoneProtection> {
	const toolbox = await Toolbox.open({
		directory,
		identities: [{certificate: certificatePem, privateKey: privateKeyPem}],
		trustAnchors,
		localDomains,
		peers,
		defaults: {suites},
	});
	const domain = new ToolboxDomain(toolbox);
	const user = new MessageChannel();
	const media = new MessageChannel();
	domain.attachUser(user.port1);
	domain.attachMedia(media.port1);
	const filter = new ToolboxClient(user.port2);
	const channel = new KeyChannel(media.port2, 10_000);
	return {
		filter,
		keys: {
			peerKey: async (handle, call, leg) => claim(await channel.redeemPeerKey(handle, call, leg)),
			ownKey: async (handle, call, leg) => claim(await channel.redeemOwnKey(handle, call, leg)),
		},
		inspect: async () => ({alerts: await filter.readAlerts(0, 1000), ledger: await filter.readLedger(1000)}),
		async close() {
			filter.close();
			channel.close();
			domain.close();
			await toolbox.close();
		},
	};
}

async function withoutMemory(
	{certificatePem, privateKeyPem, trustAnchors}: PhoneSetup,
	{recipients, mirrorsKeys}: Extract<PhoneSetup['protection'], {kind: 'stateless'}>,
): Promise<PhoneProtection> {
	const {provider, privateKeys} = await openCmsProvider({keys: [{certificatePem, privateKeyPem}]});
	const filter = new StatelessFilter({
		cms: provider,
		validator: new NativeCertificateValidator({anchors: trustAnchors.map(certificateOf)}),
		keyId: privateKeys.keys[0]?.keyId ?? '',
		recipients: new Map(Object.entries(recipients).map(([aor, pem]) => [aor, certificateOf(pem)])),
		mirrorsKeys,
		nowMs: Date.now,
	});
	return {
		filter,
		keys: filter,
		inspect: async () => ({alerts: [], ledger: []}),
		close: () => provider.close(),
	};
}

function claim(redeemed: Result<RedeemedKey, CodedFailure>): MasterKey {
	return MasterKey.claim(demandValue(redeemed).slot);
}

function certificateOf(pem: string): Uint8Array {
	const blocks = pemToDer(pem);
	const [certificate] = blocks.ok ? blocks.value : [];
	if (certificate === undefined) {
		throw new SallyportError('BAD_OPTIONS', 'Expected a certificate in PEM, got none.');
	}

	return certificate;
}
