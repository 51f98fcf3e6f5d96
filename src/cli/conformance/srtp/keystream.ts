import {z} from 'zod';
import {writeRtp} from '../../../wire/rtp/rtp-packet.js';
import {allOf, defineFormat, expectBytes, failed, hexOctets, skipped, ssrcValue} from '../format.js';
import {planSession, sessionFields, withSession} from './session.js';

const keystreamCase = z.object({
	...sessionFields,
	ssrc: ssrcValue.optional(),
	roc: z.int().min(0).max(0xff_ff_ff_ff).optional(),
	seq: z.int().min(0).max(0xff_ff).optional(),
	blocks: z.array(z.object({block: z.int().min(0).max(0xff_ff), keystream: hexOctets})).min(1),
});

/** Blocks of keystream (RFC 3711 §4.1.1): what a packet of zeros becomes. */
export const keystreamFormat = defineFormat<z.infer<typeof keystreamCase>>({
	family: 'srtp',
	schema: 'srtp-keystream/1',
	caseSchema: keystreamCase,
	tryCase(vector) {
		const plan = planSession(vector);
		if ('skip' in plan) {
			return skipped(plan.skip);
		}

		const {ssrc = 0, roc = 0, seq = 0, blocks} = vector;
		const zeros = new Uint8Array(blockOctets * (1 + Math.max(...blocks.map(({block}) => block))));
		if (zeros.length > maxPayloadOctets) {
			return skipped('its blocks lie past the largest UDP datagram');
		}

		const header = {marker: false, payloadType: 0, sequenceNumber: seq, timestamp: 0, ssrc, csrcs: []};
		return withSession(plan, ({outbound}) => {
			if (roc > 0) {
				outbound.setRolloverCounter(ssrc, roc);
			}

			const sealed = outbound.protectRtp(writeRtp({...header, payload: zeros}));
			if (!sealed.ok) {
				return failed(`Expected the packet to be protected, got ${sealed.failure.code}.`);
			}

			return allOf(
				...blocks.map(({block, keystream}) => {
					const start = headerOctets + blockOctets * block;
					return expectBytes(`block ${block}`, sealed.value.subarray(start, start + keystream.length), keystream);
				}),
			);
		});
	},
});

const blockOctets = 16;
const headerOctets = 12;
const maxPayloadOctets = 60_000;
