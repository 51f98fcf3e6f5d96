import {fc, testProp} from '@fast-check/ava';
import test from 'ava';
import {OutgoingStream, PacingSchedule, rtcpIntervalMs} from '#dist/core/rtp/index.js';
import {parseRtp} from '#dist/wire/rtp/index.js';

test('the n-th packet is due at start plus n intervals, however late the timers were', (t) => {
	const schedule = new PacingSchedule(1000, 20, 5);
	t.deepEqual([schedule.take(999.9), schedule.take(1000), schedule.take(1000)], [0, 1, 0]);
	t.is(schedule.waitUntilMs, 1020);
	t.is(schedule.take(1033), 1);
	t.is(schedule.waitUntilMs, 1040);
});

test('after a stall the backlog goes out in bounded bursts, half an interval apart', (t) => {
	const schedule = new PacingSchedule(0, 20, 5);
	t.is(schedule.take(0), 1);
	t.is(schedule.take(1000), 5);
	t.deepEqual([schedule.take(1009), schedule.take(1010)], [0, 5]);
	t.is(schedule.waitUntilMs, 1020);
});

testProp(
	'whatever the timers do, no burst passes the bound and nothing is sent early',
	[fc.array(fc.double({min: 0, max: 300, noNaN: true}), {maxLength: 100}), fc.integer({min: 1, max: 8})],
	(t, waits, maxBurst) => {
		const schedule = new PacingSchedule(0, 20, maxBurst);
		let nowMs = 0;
		let sent = 0;
		for (const wait of waits) {
			nowMs += wait;
			const count = schedule.take(nowMs);
			sent += count;
			t.true(count <= maxBurst);
			t.true(sent <= Math.floor(nowMs / 20) + 1);
		}

		// Left alone, it catches up with the clock.
		for (let turn = 0; turn < 20_000 && schedule.waitUntilMs <= nowMs + 20; turn++) {
			nowMs = Math.max(nowMs, schedule.waitUntilMs);
			schedule.take(nowMs);
			if (schedule.nextDueMs > nowMs) {
				break;
			}
		}

		t.true(schedule.nextDueMs > nowMs);
	},
);

test('a stream counts sequence and timestamp over their ends and marks its first packet only', (t) => {
	const stream = new OutgoingStream({
		ssrc: 9,
		sequenceNumber: 65_535,
		timestamp: 0xff_ff_ff_ff,
		payloadType: 8,
		clockRate: 8000,
	});
	const packets = [stream.write(Uint8Array.of(1), 160), stream.write(Uint8Array.of(2, 3), 160)].map((packet) => {
		const read = parseRtp(packet);
		return read.ok && [read.value.sequenceNumber, read.value.timestamp, read.value.marker, read.value.payload.length];
	});
	t.deepEqual(packets, [
		[65_535, 0xff_ff_ff_ff, true, 1],
		[0, 159, false, 2],
	]);
	const report = stream.report({nowMs: 1010, nextPacketMs: 1020, wallMs: 0}, []);
	t.deepEqual([report.packetCount, report.octetCount, report.rtpTimestamp], [2, 3, 319 - 80]);
});

test('RTCP intervals stay within those of RFC 3550 §6.3.1', (t) => {
	t.true(Math.abs(rtcpIntervalMs({isFirst: false, random: 0}) - 2500 / 1.218_28) < 1);
	t.true(Math.abs(rtcpIntervalMs({isFirst: false, random: 1}) - 7500 / 1.218_28) < 1);
	t.is(rtcpIntervalMs({isFirst: true, random: 0.3}), rtcpIntervalMs({isFirst: false, random: 0.3}) / 2);
});
