import {writeFile} from 'node:fs/promises';
import {basename, join} from 'node:path';
import {decodeG711} from '../../../wire/audio/g711.js';
import {telephoneSampleRate} from '../../../wire/audio/telephone-audio.js';
import {writeWav} from '../../../wire/audio/wav-file.js';
import {parseRtp, type RtpPacket} from '../../../wire/rtp/rtp-packet.js';
import {srtpSuites} from '../../../wire/sdes/suites.js';
import type {SipRequest} from '../../../wire/sip/message.js';
import type {Charles} from '../charles/charles.js';
import {ciphertextsOf, compareRecordings} from '../charles/two-time-pad.js';
import type {PhoneChild} from '../child-process.js';
import type {DemoStep} from '../demo-report.js';
import {bob} from '../demo-world.js';
import type {DemoCall} from '../phone-messages.js';
import {captured, compareSamples, payloadsOf} from '../recordings.js';
import type {SealedCall} from './sealed-call.js';

/** What Charles has of a call: packets, nothing else. */
export type Recording = {readonly invite: SipRequest; readonly call: SealedCall};

type Replayed = {
	readonly status: number;
	readonly from: string;
	readonly played: number;
	readonly call: DemoCall | undefined;
};

/** Sends the recorded INVITE to Alice's telephone again, and then the recorded SRTP. */
async function replay(charles: Charles, {invite, call}: Recording, phone: PhoneChild): Promise<Replayed> {
	const attempt = await charles.replayInvite(invite, {address: '127.0.0.1', port: phone.port}, 'own Via');
	const status = attempt.response?.status ?? 0;
	const isAnswered = status >= 200 && status < 300;
	const {mediaPort} = phone;
	const packets = await captured(call.bob.captureFile, {kind: 'any', to: mediaPort});
	const reports = await captured(call.bob.captureFile, {kind: 'any', to: mediaPort + 1});
	const recorded = [...packets, ...reports].sort((a, b) => a.timeMs - b.timeMs);
	const played = isAnswered
		? await charles.play(recorded, ({destination}) => ({address: '127.0.0.1', port: destination.port}))
		: 0;
	await attempt.hangUp();
	const from = isAnswered ? (await phone.next('answered')).from : '';
	return {status, from, played, call: isAnswered ? (await phone.next('ended')).call : undefined};
}

/** Step 2: Alice takes Charles for Bob and hears Bob's old words. */
export async function replayToOldPhone(charles: Charles, recording: Recording, phone: PhoneChild): Promise<DemoStep> {
	await phone.next('answered');
	const {status, from, played, call} = await replay(charles, recording, phone);
	const comparison = call && (await compareSamples(recording.call.bob.saidFile, call.heardFile));
	const isBob = from.includes(bob);
	return {
		name: 'the attack, toolbox off',
		expected:
			'a telephone with S/MIME alone answers the recorded INVITE, takes Charles for Bob and hears his old words',
		observed: `answered ${status}; caller shown ${from.split(';')[0]}; ${call?.heardPackets ?? 0} of ${played} recorded datagrams authenticated as sound; ${comparison ? comparison.samples - comparison.differing : 0} of ${comparison?.samples ?? 0} samples are what Bob said`,
		ok: status === 200 && isBob && call !== undefined && call.heardPackets > 0 && comparison?.differing === 0,
		status,
		packetsPlayed: played,
		packetsAuthenticated: call?.heardPackets ?? 0,
		badTags: call?.dropped['bad-tag'] ?? 0,
		samplesCompared: comparison?.samples ?? 0,
		samplesDiffering: comparison?.differing ?? 0,
		heardFile: call === undefined ? '' : basename(call.heardFile),
	};
}

/** Step 3: the keystream repeats, and Charles reads what Alice says now by what she said then. */
export async function readTwoTimePad(
	charles: Charles,
	recording: Recording,
	phone: PhoneChild,
	output: string,
): Promise<DemoStep> {
	await phone.next('answered');
	const {status, call} = await replay(charles, recording, phone);
	const first = recording.call.alice;
	const second = call ?? first;
	const {tagOctets} = srtpSuites[first.suite];
	const pad = compareRecordings(
		ciphertextsOf(await sentRtp(first, phone.mediaPort), tagOctets),
		ciphertextsOf(call === undefined ? [] : await sentRtp(second, phone.mediaPort), tagOctets),
		payloadsOf(first.saidOctets, first.saidFirstSequence),
		payloadsOf(second.saidOctets, second.saidFirstSequence),
	);
	const recoveredFile = join(output, 'charles-recovered.wav');
	const recovered = [...pad.recovered].sort(([a], [b]) => a - b).map(([, octets]) => octets);
	await writeFile(recoveredFile, writeWav(telephoneSampleRate, decodeG711('pcmu', Buffer.concat(recovered))));
	return {
		name: 'the two-time pad, toolbox off',
		expected:
			'a telephone that answers with the offered key encrypts twice with one keystream: the XOR of the ciphertexts is the XOR of the words, and who knows one reads the other',
		observed: `answered ${status}; ${pad.overlappingPackets} packets of both calls have the same SSRC and number; ${pad.matchingOctets} of ${pad.overlappingOctets} octets XOR to the two plaintexts; Charles wrote Alice's secret words to ${basename(recoveredFile)}`,
		ok: status === 200 && pad.overlappingPackets > 50 && pad.matchingOctets === pad.overlappingOctets,
		status,
		packetsOverlapping: pad.overlappingPackets,
		octetsOverlapping: pad.overlappingOctets,
		octetsMatching: pad.matchingOctets,
		recoveredFile: basename(recoveredFile),
	};
}

/** The RTP packets that Alice's telephone sent, as they were on the wire. */
async function sentRtp({captureFile, saidSsrc}: DemoCall, mediaPort: number): Promise<RtpPacket[]> {
	const datagrams = await captured(captureFile, {kind: 'rtp', from: mediaPort});
	return datagrams.flatMap(({payload}) => {
		const packet = parseRtp(payload);
		return packet.ok && packet.value.ssrc === saidSsrc ? [packet.value] : [];
	});
}
