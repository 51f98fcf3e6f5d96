import {execFile} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import process from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {writeSipMessage} from '#dist/wire/sip/write-message.js';
import {inviteOf, makeWorld, sdpOf} from '../../trusted/toolbox/support/world.js';

type Ran = {readonly code: number; readonly stdout: string; readonly stderr: string};

/** `sallyport toolbox …` */
function sallyport(...args: readonly string[]): Promise<Ran> {
	return new Promise((settle) => {
		execFile(process.execPath, [resolve('dist/cli/main.js'), 'toolbox', ...args], (error, stdout, stderr) =>
			settle({code: error ? Number(error.code) : 0, stdout, stderr}),
		);
	});
}

test('templates and tools are listed, as words and as JSON', async (t) => {
	const templates = await sallyport('templates');
	t.is(templates.code, 0, templates.stderr);
	t.regex(templates.stdout, /^esp-inbound@1 +inbound +packet$/m);
	const tools = JSON.parse((await sallyport('tools', '--json')).stdout) as {name: string; service: string}[];
	t.is(tools.find(({name}) => name === 'cms-open@1')?.service, 'decryption');
});

test('explain says in words what a template does, and where a broken one is broken', async (t) => {
	const {code, stdout} = await sallyport('explain', 'sdes-smime-inbound');
	t.is(code, 0);
	t.regex(
		stdout,
		/For SIP messages that come in with a body of application\/pkcs7-mime; the session description is signed/,
	);
	t.regex(stdout, /1\. open: Opens the envelope that is the body of a message\./);
	t.regex(stdout, /\[decryption; cms-open@1; takes message\]/);
	t.regex(stdout, /It then releases media \(hand-out\.media\)/);
	t.regex((await sallyport('explain', 'esp-inbound')).stdout, /packets 64/);
	const world = await makeWorld();
	t.teardown(world.dispose);
	const file = world.folder('broken.yaml');
	const text = readFileSync('dist/trusted/toolbox/templates/esp-inbound.yaml', 'utf8');
	writeFileSync(file, text.replace('octets: window.octets', 'octets: decrypt.octets'));
	const broken = await sallyport('explain', file);
	t.is(broken.code, 1);
	t.regex(broken.stderr, /broken\.yaml:\d+\)\. \(TEMPLATE_RELEASE\)/);
	t.regex((await sallyport('explain', 'nothing')).stderr, /\(TEMPLATE_NAME\)/);
});

test('run protects octets and opens them again, once', async (t) => {
	const world = await makeWorld();
	t.teardown(world.dispose);
	const [secret, file, packets, opened] = ['secret', 'note.txt', 'packets', 'opened'].map(world.folder) as [
		string,
		string,
		string,
		string,
	];
	writeFileSync(secret, `${randomBytes(32).toString('hex')}\n`);
	writeFileSync(file, 'through the gate');
	const sent = await sallyport('run', 'esp-outbound', file, '--secret', secret, '--out', packets);
	t.is(sent.code, 0, sent.stderr);
	const packet = join(packets, 'note.txt');
	t.is(readFileSync(packet).indexOf('gate'), -1);
	const got = await sallyport('run', 'esp-inbound', packet, packet, '--secret', secret, '--out', opened);
	t.is(got.code, 1, 'the second is a replay');
	t.regex(got.stdout, /note\.txt: released, 16 octets\n.*note\.txt: denied by the step window: REPLAYED\n/);
	t.is(readFileSync(join(opened, 'note.txt'), 'utf8'), 'through the gate');
	t.regex((await sallyport('run', 'esp-inbound', packet)).stderr, /--secret.*\(BAD_ARGUMENTS\)/);
});

/** Configurations of Bob's gateway and of ours, which trust each other. */
async function writeConfigurations(t: ExecutionContext) {
	const world = await makeWorld();
	t.teardown(world.dispose);
	const folder = world.folder('configurations');
	mkdirSync(folder);
	const write = (name: string, text: string) => {
		writeFileSync(join(folder, name), text);
		return join(folder, name);
	};
	write('root.pem', world.anchor);
	for (const [name, who] of Object.entries({bob: world.bob, gateway: world.gateway})) {
		write(`${name}.pem`, who.certificatePem);
		write(`${name}.key`, who.privateKeyPem);
	}

	const configuration = (name: string, domain: string, peers: string) =>
		write(
			`${name}.yaml`,
			`listen: [{transport: udp, address: 127.0.0.1, port: 5060}]
media: {interfaces: [{name: a, address: 127.0.0.1}]}
routes: []
toolbox:
  directory: ${name}-state
  identities: [{certificate: ${name}.pem, privateKey: ${name}.key}]
  trustAnchors: [root.pem]
  localDomains: [${domain}]
  peers: ${peers}
`,
		);
	const peers = '[{name: gateway, kind: domain, match: {domain: gw.example.com}, certificate: gateway.pem}]';
	return {
		folder,
		bob: configuration('bob', 'biloxi.example.com', peers),
		gateway: configuration('gateway', 'gw.example.com', '[]'),
		invite: write('invite.sip', writeSipMessage(inviteOf(sdpOf('new'))).toString('latin1')),
	};
}

test('run seals a message and opens it, and says which step refuses its replay', async (t) => {
	const {folder, bob, gateway, invite} = await writeConfigurations(t);
	const out = join(folder, 'sealed');
	const sealed = await sallyport('run', 'sdes-smime-outbound', invite, '-c', bob, '--out', out);
	t.is(sealed.code, 0, sealed.stdout + sealed.stderr);
	const message = join(out, 'invite.sip');
	t.regex(readFileSync(message, 'latin1'), /Content-Type: application\/pkcs7-mime/);
	const opened = await sallyport('run', 'sdes-smime-inbound', message, message, '-c', gateway, '--json');
	t.is(opened.code, 1, opened.stderr);
	const {outcomes} = JSON.parse(opened.stdout) as {outcomes: readonly Record<string, unknown>[]};
	t.like(outcomes[0], {verdict: 'release', facts: {from: 'sip:bob@biloxi.example.com', keys: '1'}});
	t.like(outcomes[1], {verdict: 'denial', step: 'replay', reason: 'REPLAYED', status: 403});
	const again = await sallyport('run', 'sdes-smime-inbound', message, '-c', gateway);
	t.is(again.code, 0, 'a run claims nothing that stays');
	t.notRegex(opened.stdout + again.stdout, /inline:/);
	const plain = await sallyport('run', 'sdes-smime-inbound', invite, '-c', gateway);
	t.is(plain.code, 1);
	t.regex(plain.stdout, /denied by the step open: CMS_MALFORMED, SIP status 493/);
	t.regex((await sallyport('run', 'sdes-smime-inbound', message)).stderr, /--config.*\(BAD_ARGUMENTS\)/);
});
