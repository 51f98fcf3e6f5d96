import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {isIP} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {Clock} from '../../base/clock.js';
import {SallyportError} from '../../base/error.js';
import {MasterKey} from '../../trusted/media/srtp/master-key.js';
import type {Template} from '../../trusted/toolbox/engine/template.js';
import type {ToolboxOptions} from '../../trusted/toolbox/policy/toolbox-options.js';
import type {Denial, MessageOrigin, Outbound, Release} from '../../trusted/toolbox/protocol.js';
import {Toolbox} from '../../trusted/toolbox/toolbox.js';
import {isSrtpSuiteName} from '../../wire/sdes/suites.js';
import type {SipMessage} from '../../wire/sip/message.js';
import {parseSipMessage} from '../../wire/sip/parse-message.js';
import {writeSipMessage} from '../../wire/sip/write-message.js';
import type {RunOutcome} from './run-report.js';

export type MessageOptions = {
	readonly role: 'offer' | 'answer' | 'none';
	/** `udp:192.0.2.1:5060` */
	readonly from: string;
	readonly clock: Clock;
};

/**
 * Runs a template over files that hold a SIP message each, one after another in one toolbox. Its ledger is made for the run and removed
 * after it: nothing is claimed that a gateway would miss. Rejects with `SallyportError`.
 */
export async function runMessages(
	template: Template,
	files: readonly string[],
	toolboxOptions: ToolboxOptions,
	{role, from, clock}: MessageOptions,
): Promise<readonly RunOutcome[]> {
	const origin = readOrigin(from);
	const messages = files.map((file) => readMessage(file));
	const directory = mkdtempSync(join(tmpdir(), 'sallyport-run-'));
	try {
		const toolbox = await Toolbox.open({...toolboxOptions, directory}, {clock});
		try {
			const outcomes: RunOutcome[] = [];
			for (const [index, message] of messages.entries()) {
				const call = `run-${index}`;
				const verdict =
					template.direction === 'inbound'
						? await toolbox.tryTemplate(template.name, {kind: 'filter-inbound', call, leg: 'a', role, origin, message})
						: await toolbox.tryTemplate(template.name, {
								kind: 'filter-outbound',
								call,
								leg: 'a',
								role,
								message: await withFreshKeys(message, call, toolbox),
							});
				outcomes.push(outcomeOf(files[index] ?? '', verdict));
				// Each file is a call of its own that is answered, and over before the next.
				await installKeys(verdict, call, toolbox);
				await toolbox.handle({kind: 'end-call', call, reason: 'run-ended'});
			}

			return outcomes;
		} finally {
			await toolbox.close();
		}
	} finally {
		rmSync(directory, {recursive: true, force: true});
	}
}

function outcomeOf(file: string, verdict: Release | Outbound | Denial): RunOutcome {
	switch (verdict.verdict) {
		case 'denial':
			return {file, verdict: 'denial', step: verdict.step, reason: verdict.reason, status: verdict.status};
		case 'outbound':
			return {file, verdict: 'release', octets: writeSipMessage(verdict.message), facts: {}};
		case 'release': {
			const identity = verdict.identity === '' ? 'nobody proven' : verdict.identity;
			return {
				file,
				verdict: 'release',
				octets: Buffer.from(verdict.sdp),
				facts: {from: identity, keys: `${verdict.keys.length}`},
			};
		}
	}
}

/** Installs the keys of a release as the media domain does, and wipes them. */
async function installKeys(verdict: Release | Outbound | Denial, call: string, toolbox: Toolbox): Promise<void> {
	for (const {handle} of verdict.verdict === 'release' ? verdict.keys : []) {
		const reply = await toolbox.redeem({kind: 'redeem-peer-key', key: handle, call, leg: 'a'});
		if (reply.ok && 'slot' in reply) {
			MasterKey.claim(reply.slot).destroy();
		}
	}
}

/** Puts a key of ours behind each `handle:new`, as a gateway would before it sends the message. */
async function withFreshKeys(message: SipMessage, call: string, toolbox: Toolbox): Promise<SipMessage> {
	const lines = Buffer.from(message.body).toString('latin1').split('\r\n');
	let hasKeys = false;
	for (const [index, line] of lines.entries()) {
		const [, suite = ''] = /^a=crypto:\d+ (\w+) handle:new(?: |$)/.exec(line) ?? [];
		if (isSrtpSuiteName(suite)) {
			const made = await toolbox.handle({kind: 'mint-keys', call, leg: 'a', suites: [suite]});
			lines[index] = line.replace('handle:new', `handle:${made.verdict === 'keys' ? made.handles[0] : ''}`);
			hasKeys = true;
		}
	}

	return hasKeys ? {...message, body: Buffer.from(lines.join('\r\n'), 'latin1')} : message;
}

function readMessage(file: string): SipMessage {
	const parsed = parseSipMessage(readFileSync(file));
	if (!parsed.ok) {
		throw new SallyportError('BAD_ARGUMENTS', `Expected a SIP message in ${file}, got ${parsed.failure.code}.`);
	}

	return parsed.value;
}

function readOrigin(text: string): MessageOrigin {
	const [, transport = '', address = '', port = ''] = /^(udp|tcp|tls):(.+):(\d{1,5})$/.exec(text) ?? [];
	if (isIP(address) === 0 || Number(port) > 65_535) {
		throw new SallyportError(
			'BAD_ARGUMENTS',
			`Expected a source such as udp:192.0.2.1:5060, got ${JSON.stringify(text)}.`,
		);
	}

	return {transport: transport as MessageOrigin['transport'], address, port: Number(port)};
}
