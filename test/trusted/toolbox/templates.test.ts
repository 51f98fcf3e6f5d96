import {readFileSync} from 'node:fs';
import test from 'ava';
import {SallyportError} from '#dist/base/error.js';
import {parseTemplate} from '#dist/trusted/toolbox/engine/parse-template.js';
import {TemplateDatabase} from '#dist/trusted/toolbox/engine/template-database.js';
import {toolRegistry} from '#dist/trusted/toolbox/tools/registry.js';

const inbound = readShipped('sdes-smime-inbound');
const outbound = readShipped('sdes-smime-outbound');
const signedOutbound = readShipped('sip-message-integrity-outbound');
const packetInbound = readShipped('esp-inbound');
const packetOutbound = readShipped('esp-outbound');

/** The text of a template, in braces without blanks, whatever a formatter makes of it. */
function readShipped(name: string): string {
	const url = new URL(`../../../../dist/trusted/toolbox/templates/${name}.yaml`, import.meta.url);
	return readFileSync(url, 'utf8').replace(/\{ /g, '{').replace(/ \}/g, '}');
}

function lineOf(text: string, part: string): number {
	return text.split('\n').findIndex((line) => line.includes(part)) + 1;
}

test('the templates that ship are loaded', (t) => {
	const names = new TemplateDatabase(toolRegistry).list().map(({name}) => name);
	t.deepEqual(names.sort(), [
		'clear-inbound',
		'clear-outbound',
		'esp-inbound',
		'esp-outbound',
		'sdes-plain-inbound',
		'sdes-plain-outbound',
		'sdes-signed-inbound',
		'sdes-smime-inbound',
		'sdes-smime-outbound',
		'sip-message',
		'sip-message-integrity',
		'sip-message-integrity-outbound',
		'sip-message-outbound',
		'sip-registration',
		'smime-inbound',
		'smime-outbound',
	]);
});

test('a template replaces one of its name only with a higher version', (t) => {
	const database = new TemplateDatabase(toolRegistry);
	t.throws(() => database.add(inbound, 'again.yaml'), {code: 'TEMPLATE_VERSION'});
	database.add(inbound.replace('version: 1', 'version: 2'), 'newer.yaml');
	t.is(database.find('inbound', 'sealed', 'application/pkcs7-mime')?.version, 2);
});

const without = (text: string, part: string) =>
	text
		.split('\n')
		.filter((line) => !line.includes(part))
		.join('\n');
const claim = / {2}- step: replay\n(?: {4}.*\n)+/.exec(inbound)?.[0] ?? '';
const verify = `${/ {2}- \{step: verify.*/.exec(inbound)?.[0] ?? ''}\n`;

const refusals: readonly {readonly rule: string; readonly code: string; readonly yaml: string; readonly at?: string}[] =
	[
		{rule: 'no YAML', code: 'TEMPLATE_SYNTAX', yaml: 'steps: [}'},
		{rule: 'another schema', code: 'TEMPLATE_SCHEMA', yaml: inbound.replace('template/1', 'template/9'), at: 'schema:'},
		{rule: 'an unknown field', code: 'TEMPLATE_SCHEMA', yaml: `${inbound}comment: hello\n`},
		{
			rule: 'an unknown tool',
			code: 'TEMPLATE_UNKNOWN_TOOL',
			yaml: inbound.replace('cms-open@1', 'cms-opener@1'),
			at: 'cms-opener',
		},
		{
			rule: 'an unknown version',
			code: 'TEMPLATE_UNKNOWN_TOOL',
			yaml: inbound.replace('freshness@1', 'freshness@2'),
			at: 'freshness@2',
		},
		{
			rule: 'unknown parameters',
			code: 'TEMPLATE_PARAMETERS',
			yaml: inbound.replace('tool: cms-open@1,', 'tool: cms-open@1, with: {force: true},'),
			at: 'force',
		},
		{
			rule: 'a step twice',
			code: 'TEMPLATE_STEP_TWICE',
			yaml: inbound.replace('step: fresh,', 'step: open,'),
			at: 'freshness@1',
		},
		{
			rule: 'an input that nobody provides',
			code: 'TEMPLATE_INPUT',
			yaml: inbound.replace('media: sdp.media}}', 'media: sdp.medium}}'),
			at: 'sdp.medium',
		},
		{
			rule: 'an input of a later step',
			code: 'TEMPLATE_INPUT',
			yaml: inbound.replace('{entity: open.entity}', '{entity: parts.parts}'),
			at: 'entity: parts.parts',
		},
		{
			rule: 'an input that the tool does not have',
			code: 'TEMPLATE_INPUT',
			yaml: inbound.replace('{entity: open.entity}', '{entity: open.entity, key: peer}'),
			at: 'key: peer',
		},
		{
			rule: 'an input of another type',
			code: 'TEMPLATE_TYPE',
			yaml: inbound.replace('{entity: open.entity}', '{entity: message}'),
			at: 'entity: message',
		},
		{
			rule: 'verification after anti-replay',
			code: 'TEMPLATE_VERIFY_AFTER_CLAIM',
			yaml: inbound.replace(claim, `${claim}${verify.replace('step: verify', 'step: verify-again')}`),
			at: 'verify-again',
		},
		{
			rule: 'a check after the release',
			code: 'TEMPLATE_RELEASE_BEFORE_CHECK',
			yaml: inbound.replace(
				'release:\n',
				'  - {step: late, tool: key-continuity@1, in: {media: sdp.media}}\nrelease:\n',
			),
			at: 'step: late',
		},
		{
			rule: 'a release without anti-replay',
			code: 'TEMPLATE_UNCLAIMED',
			yaml: without(inbound.replace(claim, '').replace(/ {2}- step: learn\n.*\n.*\n/, ''), 'hand-out,')
				.replace('media: hand-out.media', 'media: bare.media')
				.replace('release:\n', '  - {step: bare, tool: release-clear@1, in: {media: sdp.media}}\nrelease:\n'),
			at: 'media: bare.media',
		},
		{
			rule: 'a sealed release without its signer',
			code: 'TEMPLATE_UNVERIFIED',
			yaml: without(inbound, '  signer: identity.signer'),
			at: 'media: hand-out.media',
		},
		{
			rule: 'a release before the signature check',
			code: 'TEMPLATE_UNVERIFIED',
			yaml: inbound.replace(
				'{step: parts, tool: signed-parts@1, in: {content: verify.content}}',
				'{step: parts, tool: plain-parts@1, in: {message: message}}',
			),
			at: 'plain-parts@1',
		},
		{
			rule: 'the signature of one body and the parts of another',
			code: 'TEMPLATE_UNVERIFIED',
			yaml: inbound
				.replace(verify, `${verify}${verify.replace('step: verify', 'step: other')}`)
				.replace('signed-parts@1, in: {content: verify.content}', 'signed-parts@1, in: {content: other.content}'),
			at: 'signed-parts@1',
		},
		{
			rule: 'a signed body that nobody compares with its message',
			code: 'TEMPLATE_UNBOUND',
			yaml: without(inbound, 'header-binding@1'),
			at: 'media: hand-out.media',
		},
		{
			rule: 'a packet that nobody compares with those before',
			code: 'TEMPLATE_RELEASE',
			yaml: packetInbound.replace('octets: window.octets', 'octets: decrypt.octets'),
			at: '  octets: decrypt.octets',
		},
		{
			rule: 'a packet whose tag is checked after its number',
			code: 'TEMPLATE_VERIFY_AFTER_CLAIM',
			yaml: packetInbound.replace(
				'release:\n',
				'  - {step: late, tool: hmac-check@1, in: {fields: read.fields, key: integrity-key.key}}\nrelease:\n',
			),
			at: 'step: late',
		},
		{
			rule: 'a packet that is decrypted before its tag is checked',
			code: 'TEMPLATE_TYPE',
			yaml: packetInbound.replace('packet: check.packet, key', 'packet: read.fields, key'),
			at: 'step: decrypt',
		},
		{
			rule: 'a packet that leaves without a tag',
			code: 'TEMPLATE_RELEASE',
			yaml: packetOutbound.replace('packet: tag.packet', 'packet: write.packet'),
			at: '  packet: write.packet',
		},
		{
			rule: 'octets that leave as they are',
			code: 'TEMPLATE_RELEASE',
			yaml: packetOutbound.replace('packet: tag.packet', 'packet: octets'),
			at: 'packet: octets',
		},
		{
			rule: 'a SIP tool for octets',
			code: 'TEMPLATE_SUBJECT',
			yaml: packetOutbound.replace(
				'release:\n',
				'  - {step: tell, tool: alert@1, with: {kind: a, detail: b}}\nrelease:\n',
			),
			at: 'step: tell',
		},
		{
			rule: 'octets under the protection of a message',
			code: 'TEMPLATE_UNPROTECTED',
			yaml: packetOutbound.replace('protection: packet', 'protection: none'),
		},
		{
			rule: 'a body under the protection none',
			code: 'TEMPLATE_UNPROTECTED',
			yaml: readShipped('sip-message-outbound').replace('accepts: []', 'accepts: [text/plain]'),
		},
		{
			rule: 'a message that leaves unsigned where it promises a signature',
			code: 'TEMPLATE_UNPROTECTED',
			yaml: signedOutbound
				.replace('message: sign.message', 'message: open.message')
				.replace('release:\n', '  - {step: open, tool: clear-message@1, in: {message: message}}\nrelease:\n'),
			at: 'message: open.message',
		},
		{rule: 'the release of what was decrypted', code: 'TEMPLATE_RELEASE', yaml: `${inbound}  raw: open.entity\n`},
		{rule: 'no media in the release', code: 'TEMPLATE_RELEASE', yaml: without(inbound, '  media: hand-out.media')},
		{
			rule: 'a body that leaves unprotected',
			code: 'TEMPLATE_UNPROTECTED',
			yaml: outbound.replace(
				'seal-message@1, in: {message: headers.message, sealed: encrypt.sealed, peer: peer}',
				'open-message@1, in: {message: headers.message, sdp: sdp.sdp}',
			),
		},
		{
			rule: 'a signed body that leaves unencrypted',
			code: 'TEMPLATE_RELEASE',
			yaml: outbound.replace('message: body.message', 'message: headers.message'),
		},
	];

for (const {rule, code, yaml, at} of refusals) {
	test(`a template with ${rule} is refused with its line`, (t) => {
		const error = t.throws(() => parseTemplate(yaml, 'bad.yaml', toolRegistry), {instanceOf: SallyportError});
		t.is(error?.code, code, error?.message);
		t.regex(
			error?.message ?? '',
			at === undefined ? /\(bad\.yaml:\d+\)/ : new RegExp(`\\(bad\\.yaml:${lineOf(yaml, at)}\\)`),
		);
	});
}
