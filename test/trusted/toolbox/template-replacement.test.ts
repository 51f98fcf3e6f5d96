import {readFileSync} from 'node:fs';
import test, {type ExecutionContext} from 'ava';
import {CertificateAuthority, createRoot, parseCredential} from '#dist/trusted/certificates/index.js';
import {openCmsProvider} from '#dist/trusted/smime/index.js';
import {findAuditBreak, Toolbox, type ToolboxOptions} from '#dist/trusted/toolbox/index.js';
import {makeWorld, openWorld, reasonOf, receive, sealedInvite, type World} from './support/world.js';

const shipped = readFileSync(
	new URL('../../../../dist/trusted/toolbox/templates/sdes-smime-inbound.yaml', import.meta.url),
	'utf8',
);
const versioned = (version: number) => shipped.replace('version: 1', `version: ${version}`);

async function openOne(t: ExecutionContext, world: World, more: Partial<ToolboxOptions> = {}): Promise<Toolbox> {
	const toolbox = await Toolbox.open(world.options('one', world.gateway, more), {clock: world.clock});
	t.teardown(() => toolbox.close());
	return toolbox;
}

const inForce = (toolbox: Toolbox) => toolbox.templates.find(({name}) => name === 'sdes-smime-inbound')?.version;

test('templates are replaced while messages run, and no message is lost', async (t) => {
	const {world, caller, callee} = await openWorld(t);
	const invites = await Promise.all(
		Array.from({length: 60}, (_, index) =>
			sealedInvite(caller, {call: `c${index}`, callId: `call-${index}`, tag: `tag-${index}`}),
		),
	);
	let version = 1;
	let isReplacing = true;
	const replacing = (async () => {
		while (isReplacing) {
			await callee.replaceTemplate({yaml: versioned(++version)});
		}
	})();
	const verdicts = await Promise.all(invites.map((invite, index) => receive(callee, invite, {call: `c${index}`})));
	isReplacing = false;
	await replacing;
	t.deepEqual(
		verdicts.map(reasonOf).filter((reason) => reason !== 'released'),
		[],
	);
	t.true(version > 2, `${version} versions while they ran`);
	const log = readFileSync(`${world.folder('gateway')}/audit.log`, 'utf8');
	t.regex(log, /"template":"sdes-smime-inbound@1"/, 'begun under the old one');
	t.regex(log, new RegExp(`"event":"template-in-force"[^\n]*sdes-smime-inbound@${version}"`));
	t.regex(log, /"steps":"open \d+, verify \d+, identity \d+, .*, replay \d+, hand-out \d+, learn \d+"/);
	t.is(findAuditBreak(`${world.folder('gateway')}/audit.log`), undefined);
});

test('a replacement outlives a restart, until the options overtake it', async (t) => {
	const world = await makeWorld();
	t.teardown(world.dispose);
	const options = world.options('one', world.gateway, {});
	const first = await Toolbox.open(options, {clock: world.clock});
	await first.replaceTemplate({yaml: versioned(5)});
	await first.close();
	const second = await Toolbox.open(options, {clock: world.clock});
	t.is(inForce(second), 5);
	await second.close();
	const third = await Toolbox.open({...options, templates: [versioned(7)]}, {clock: world.clock});
	t.is(inForce(third), 7);
	await third.close();
	const fourth = await openOne(t, world);
	t.is(inForce(fourth), 1, 'what was overtaken is gone');
});

test('a version that is not higher, and a broken template, leave the old one in force', async (t) => {
	const world = await makeWorld();
	t.teardown(world.dispose);
	const toolbox = await openOne(t, world);
	await toolbox.replaceTemplate({yaml: versioned(3)});
	await t.throwsAsync(toolbox.replaceTemplate({yaml: versioned(3)}), {code: 'TEMPLATE_VERSION'});
	await t.throwsAsync(toolbox.replaceTemplate({yaml: versioned(2)}), {code: 'TEMPLATE_VERSION'});
	const broken = versioned(4).replace('cms-verify@1', 'cms-verify@9');
	await t.throwsAsync(toolbox.replaceTemplate({yaml: broken}, 'new.yaml'), {
		code: 'TEMPLATE_UNKNOWN_TOOL',
		message: /one of cms-verify@1, got cms-verify@9 \(new\.yaml:\d+\)/,
	});
	t.is(inForce(toolbox), 3);
	const reload = await toolbox.reloadTemplates([versioned(3), broken, versioned(6)]);
	t.deepEqual(reload.replaced, ['sdes-smime-inbound@6']);
	t.deepEqual(
		reload.refused.map(({source, code}) => `${source} ${code}`),
		['templates[1] TEMPLATE_UNKNOWN_TOOL'],
	);
	const log = readFileSync(`${world.folder('one')}/audit.log`, 'utf8');
	t.is(log.match(/"event":"template-refused"/g)?.length, 4);
});

test('where policy names signers, only what they signed is put in force', async (t) => {
	const world = await makeWorld();
	t.teardown(world.dispose);
	const root = await createRoot({commonName: 'Template root'});
	const authority = new CertificateAuthority(parseCredential(`${root.certificatePem}\n${root.privateKeyPem}`));
	const operator = await authority.issue({uris: ['sip:operator@example.com']});
	const keys = [operator, world.bob].map(({certificatePem, privateKeyPem}) => ({certificatePem, privateKeyPem}));
	const {provider, privateKeys} = await openCmsProvider({keys});
	t.teardown(() => provider.close());
	const signed = async (yaml: string, signer = 0, signedYaml = yaml) => {
		const {keyId = ''} = privateKeys.keys[signer] ?? {};
		const made = await provider.sign({
			content: Buffer.from(signedYaml),
			keyId,
			signingTimeMs: world.clock.wallMs(),
			detached: true,
		});
		return {yaml, signature: made.ok ? Buffer.from(made.value).toString('base64') : ''};
	};
	const toolbox = await openOne(t, world, {templateSigners: [root.certificatePem]});
	await t.throwsAsync(toolbox.replaceTemplate({yaml: versioned(2)}), {code: 'TEMPLATE_UNSIGNED'});
	await t.throwsAsync(toolbox.replaceTemplate(await signed(versioned(2), 1)), {
		code: 'TEMPLATE_SIGNATURE',
		message: /of a stranger/,
	});
	await t.throwsAsync(toolbox.replaceTemplate(await signed(versioned(2), 0, versioned(3))), {
		code: 'TEMPLATE_SIGNATURE',
		message: /BAD_SIGNATURE/,
	});
	await t.throwsAsync(toolbox.replaceTemplate({yaml: versioned(2), signature: 'AAAA'}), {code: 'TEMPLATE_SIGNATURE'});
	t.is(inForce(toolbox), 1);
	await toolbox.replaceTemplate(await signed(versioned(2)));
	t.is(inForce(toolbox), 2);

	const named = await Toolbox.open(
		world.options('two', world.gateway, {
			templateSigners: [operator.certificatePem],
			templates: [await signed(versioned(4))],
		}),
		{clock: world.clock},
	);
	t.is(inForce(named), 4, 'its certificate itself may be named');
	await named.close();
	const unsigned = world.options('two', world.gateway, {
		templateSigners: [root.certificatePem],
		templates: [versioned(5)],
	});
	await t.throwsAsync(Toolbox.open(unsigned, {clock: world.clock}), {code: 'TEMPLATE_UNSIGNED'});
});
