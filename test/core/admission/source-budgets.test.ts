import test from 'ava';
import {SourceBudgets} from '#dist/core/admission/index.js';

const charles = {transport: 'udp', address: '198.51.100.66'};

test('a source spends its burst, then what comes back', (t) => {
	const budgets = new SourceBudgets({perSecond: 10, burst: 3});
	t.true(budgets.spend(charles, 2, 0));
	t.false(budgets.spend(charles, 2, 0), 'one is left');
	t.true(budgets.spend(charles, 1, 0));
	t.false(budgets.spend(charles, 1, 99));
	t.true(budgets.spend(charles, 1, 100));
});

test('credit never grows beyond the burst, nor shrinks when time stands still or goes back', (t) => {
	const budgets = new SourceBudgets({perSecond: 1000, burst: 3});
	t.true(budgets.spend(charles, 3, 1000));
	t.false(budgets.spend(charles, 1, 0));
	t.true(budgets.spend(charles, 3, 1_000_000));
	t.false(budgets.spend(charles, 1, 1_000_000));
	budgets.earn(charles, 100);
	t.true(budgets.spend(charles, 3, 1_000_000));
	t.false(budgets.spend(charles, 1, 1_000_000));
});

test('sources and transports have budgets of their own', (t) => {
	const budgets = new SourceBudgets({perSecond: 1, burst: 1});
	t.true(budgets.spend(charles, 1, 0));
	t.true(budgets.spend({...charles, transport: 'tcp'}, 1, 0));
	t.true(budgets.spend({...charles, address: '198.51.100.67'}, 1, 0));
	t.false(budgets.spend(charles, 1, 0));
});

test('the table is bounded, and what is earned by nobody is forgotten', (t) => {
	const budgets = new SourceBudgets({perSecond: 1, burst: 1, maxSources: 100});
	for (let host = 0; host < 10_000; host++) {
		budgets.spend({transport: 'udp', address: `10.0.${host >> 8}.${host & 255}`}, 1, 0);
	}

	t.is(budgets.size, 100);
	budgets.earn(charles, 1);
	t.is(budgets.size, 100);
});

test('limits that are none are refused by name', (t) => {
	t.throws(() => new SourceBudgets({perSecond: 0}), {message: /perSecond/});
	t.throws(() => new SourceBudgets({burst: Number.NaN}), {message: /burst/});
});
