import {readFile} from 'node:fs/promises';
import {demandValue} from '../../base/error.js';
import {readTelephoneAudio} from '../../wire/audio/telephone-audio.js';
import {type CapturedDatagram, parsePcap} from '../../wire/pcap/pcap-file.js';
import {classifyDatagram} from '../../wire/rtp/classify-datagram.js';

export type SampleComparison = {
	/** Length of the longer one. */
	readonly samples: number;
	readonly differing: number;
};

/** Rejects with a `SallyportError` where the file is no sound. */
export async function readSamples(path: string): Promise<Int16Array> {
	return demandValue(readTelephoneAudio(await readFile(path)));
}

/** Compares two recordings sample by sample; what one has and the other has not differs. */
export async function compareSamples(said: string, heard: string): Promise<SampleComparison> {
	const [a, b] = [await recordedSamples(said), await recordedSamples(heard)];
	const samples = Math.max(a.length, b.length);
	let differing = 0;
	for (let i = 0; i < samples; i++) {
		differing += a[i] === b[i] ? 0 : 1;
	}

	return {samples, differing};
}

/** A recording of ours is empty where nothing was said or heard. */
async function recordedSamples(path: string): Promise<Int16Array> {
	const audio = readTelephoneAudio(await readFile(path));
	return audio.ok ? audio.value : new Int16Array();
}

/** RTP payloads by sequence number, 20 ms of G.711 each. */
export function payloadsOf(said: Uint8Array, firstSequence: number): Map<number, Uint8Array> {
	const payloads = new Map<number, Uint8Array>();
	for (let at = 0; at < said.length; at += frameOctets) {
		payloads.set((firstSequence + at / frameOctets) & 0xff_ff, said.subarray(at, at + frameOctets));
	}

	return payloads;
}

/** Datagrams of a capture that went to a port, or from one. */
export async function captured(
	path: string,
	which: {readonly kind: 'rtp' | 'rtcp' | 'any'; readonly to?: number; readonly from?: number},
): Promise<readonly CapturedDatagram[]> {
	const {datagrams} = demandValue(parsePcap(await readFile(path)));
	return datagrams.filter(
		({source, destination, payload}) =>
			(which.to === undefined || destination.port === which.to) &&
			(which.from === undefined || source.port === which.from) &&
			(which.kind === 'any' || classifyDatagram(payload) === which.kind),
	);
}

const frameOctets = 160;
