import test from 'ava';
import {DiskForecast} from '#dist/trusted/toolbox/ledger/disk-forecast.js';

const hourMs = 3_600_000;
const mebibyte = 1_048_576;

function grown(octetsPerHour: number, hours: number, freeOctets: number): DiskForecast {
	const forecast = new DiskForecast();
	for (let minute = 0; minute <= 60 * hours; minute++) {
		const used = (octetsPerHour * minute) / 60;
		forecast.add({atMs: (minute * hourMs) / 60, usedOctets: used, freeOctets: freeOctets - used});
	}

	return forecast;
}

test('nothing is foretold before an hour has passed', (t) => {
	t.is(grown(mebibyte, 0.9, 1e9).daysLeft(), undefined);
	t.is(grown(mebibyte, 0.9, 1e9).warning(), undefined);
});

test('the growth of the last days is carried on', (t) => {
	const days = grown(mebibyte, 48, 100 * 24 * mebibyte).daysLeft() ?? 0;
	t.true(Math.abs(days - 98) < 0.1, `${days}`);
	t.is(grown(mebibyte, 48, 100 * 24 * mebibyte).warning(), undefined);
	t.regex(grown(mebibyte, 48, 10 * 24 * mebibyte).warning() ?? '', /full in 8\.0 days/);
});

test('growth that has ended is forgotten after a week', (t) => {
	const forecast = grown(100 * mebibyte, 24, 1e12);
	for (let hour = 25; hour < 24 * 9; hour++) {
		forecast.add({atMs: hour * hourMs, usedOctets: 2400 * mebibyte, freeOctets: 1e9});
	}

	t.is(forecast.daysLeft(), Number.POSITIVE_INFINITY);
});

test('a disk that is nearly full is told at once', (t) => {
	const forecast = new DiskForecast();
	forecast.add({atMs: 0, usedOctets: 1, freeOctets: 10 * mebibyte});
	t.regex(forecast.warning() ?? '', /10 MiB left/);
});
