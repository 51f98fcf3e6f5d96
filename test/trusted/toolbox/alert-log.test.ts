import test from 'ava';
import {AlertLog, type AlertStore} from '#dist/trusted/toolbox/alerts/alert-log.js';
import type {Alert} from '#dist/trusted/toolbox/protocol.js';

const store: AlertStore = {put: () => {}, remove: () => {}, getRange: () => []};

function alertAt(atMs: number, more: Partial<Alert> = {}): Omit<Alert, 'sequence' | 'suppressed'> {
	const origin = {transport: 'udp', address: '198.51.100.66', port: 5060} as const;
	return {atMs, kind: 'replay', reason: 'REPLAYED', identity: '', origin, call: 'c', detail: '', ...more};
}

test('many alike are shown a few times a minute, and the next says how many were not', (t) => {
	const log = new AlertLog(store);
	const seen: Alert[] = [];
	const stop = log.subscribe((alert) => seen.push(alert));
	for (let count = 0; count < 500; count++) {
		log.raise(alertAt(count));
	}

	t.is(seen.length, 20);
	t.is(log.raise(alertAt(500, {reason: 'KEY_REUSED'}))?.suppressed, 0, 'another reason has its own account');
	t.is(log.raise(alertAt(70_000))?.suppressed, 480);
	t.is(log.raise(alertAt(70_001))?.suppressed, 0);
	t.deepEqual(log.counters, {raised: {replay: 23}, suppressed: 480, last: 23});
	stop();
	log.raise(alertAt(70_002));
	t.is(seen.length, 23);
});

test('what was suppressed and nothing came after is told when a minute has gone by', (t) => {
	const log = new AlertLog(store);
	for (let count = 0; count < 50; count++) {
		log.raise(alertAt(count));
	}

	log.sweep(1000);
	t.is(log.read(0, 1000).length, 20);
	log.sweep(61_000);
	t.is(log.read(20, 1000)[0]?.suppressed, 30);
	log.sweep(200_000);
	t.is(log.read(0, 1000).length, 21, 'once');
});

test('a flood from many sources is bounded as a whole', (t) => {
	const log = new AlertLog(store);
	for (let count = 0; count < 50_000; count++) {
		const origin = {
			transport: 'udp',
			address: `10.${count >> 16}.${(count >> 8) & 255}.${count & 255}`,
			port: 1,
		} as const;
		log.raise(alertAt(1, {origin}));
	}

	t.is(log.read(0, 10_000).length, 600);
	t.is(log.counters.suppressed, 49_400);
});
