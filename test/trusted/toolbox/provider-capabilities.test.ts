import test from 'ava';
import {Toolbox, type ToolboxOptions} from '#dist/trusted/toolbox/index.js';
import {makeIdentity} from '../smime/test-pki.js';
import {makeWorld} from './support/world.js';

const rita = makeIdentity('rsa', 'rita');
const edna = makeIdentity('p-256', 'edna');
const rules = {name: 'rita', match: {aor: 'sip:rita@r.example'}, certificate: rita.certificatePem} as const;
const cbc = {defaults: {cipher: 'AES-256-CBC'}} as const;

for (const [title, options, message] of [
	['a cipher of the defaults', {}, /provider forge .* got AES-256-GCM for the peer default/],
	['a cipher of a peer', {...cbc, peers: [{...rules, cipher: 'AES-128-GCM'}]}, /AES-128-GCM for the peer rita/],
	[
		'a certificate to seal for',
		{...cbc, peers: [{...rules, certificate: edna.certificatePem}]},
		/a key of p-256 for the peer rita/,
	],
	[
		'a cipher of a call rule',
		{...cbc, calls: [{name: 'branch', from: {domain: 'b.example'}, cipher: 'AES-128-GCM'}]},
		/AES-128-GCM for the call rule branch/,
	],
	['an identity', {...cbc, identities: [edna].map(identityOf)}, /Expected RSA keys for forge, got p-256/],
	['nothing', {...cbc, peers: [rules]}, undefined],
] as readonly (readonly [string, Partial<ToolboxOptions>, RegExp | undefined])[]) {
	test(`forge says when it starts that it cannot follow ${title}`, async (t) => {
		const world = await makeWorld();
		t.teardown(() => world.dispose());
		const all = {cmsProvider: 'forge', identities: [identityOf(rita)], ...options} as const;
		const opening = Toolbox.open(world.options('rita', world.gateway, all), {clock: world.clock});
		if (message) {
			await t.throwsAsync(opening, {code: 'NOT_CAPABLE', message});
			return;
		}

		const toolbox = await opening;
		t.is(toolbox.cmsProvider, 'forge');
		await toolbox.close();
	});
}

test('without a wish it is openssl that works, and the toolbox says so', async (t) => {
	const world = await makeWorld();
	t.teardown(() => world.dispose());
	const toolbox = await Toolbox.open(world.options('gateway', world.gateway, {}), {clock: world.clock});
	t.is(toolbox.cmsProvider, 'openssl');
	await toolbox.close();
});

function identityOf({certificatePem, privateKeyPem}: typeof rita) {
	return {certificate: certificatePem, privateKey: privateKeyPem};
}
