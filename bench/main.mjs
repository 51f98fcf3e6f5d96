// npm run bench -- --list
// npm run bench -- NAME… [--json FILE] [--runs N] [--seconds S] [--calls N,N…] [--only TEXT]
// npm run bench -- ledger [--entries N,N…]
// npm run bench -- --docs FILE
//
// `--seconds` scales every bench, `--calls` and `--only` (a part of a protection's name) choose cases of `relay`;
// `--docs` writes the figures of a report that `--json` made into docs/bench.md.
//
// Each bench measures its contenders in turns and reports medians; ratios, never bare numbers, are what counts.
import {writeFileSync} from 'node:fs';
import process from 'node:process';
import {parseArgs} from 'node:util';
import * as capacity from './benches/capacity.mjs';
import * as crypto from './benches/crypto.mjs';
import * as engine from './benches/engine.mjs';
import * as ledger from './benches/ledger.mjs';
import * as memory from './benches/memory.mjs';
import * as relay from './benches/relay.mjs';
import {writeDocs} from './machinery/docs.mjs';
import {describeMachine} from './machinery/machine.mjs';
import {enterNetworkNamespace, isInNetworkNamespace} from './machinery/network-namespace.mjs';
import {printBench, printMachine} from './machinery/print.mjs';
import {toReport} from './machinery/report.mjs';

const benches = {crypto, relay, capacity, memory, ledger, engine};

const {values: options, positionals: names} = parseArgs({
	allowPositionals: true,
	options: {
		list: {type: 'boolean', default: false},
		json: {type: 'string'},
		docs: {type: 'string'},
		runs: {type: 'string', default: '5'},
		seconds: {type: 'string', default: '1'},
		calls: {type: 'string', default: '1,100,1000'},
		only: {type: 'string', default: ''},
		entries: {type: 'string', default: '0,1000000'},
	},
});

if (options.list) {
	for (const [name, {purpose}] of Object.entries(benches)) {
		console.log(`${name.padEnd(8)} ${purpose}`);
	}
} else if (options.docs !== undefined) {
	writeDocs(options.docs);
} else {
	const settings = readSettings();
	const status = isInNetworkNamespace ? undefined : enterNetworkNamespace();
	if (status === undefined) {
		await measure(settings);
	} else {
		process.exitCode = status;
	}
}

function readSettings() {
	const unknown = names.filter((name) => !Object.hasOwn(benches, name));
	if (names.length === 0 || unknown.length > 0) {
		throw new RangeError(
			`Expected names among ${Object.keys(benches).join(', ')}, got ${unknown.join(', ') || 'none'}.`,
		);
	}

	return {
		runs: positive('runs', options.runs),
		seconds: positive('seconds', options.seconds),
		calls: options.calls.split(',').map((count) => positive('calls', count)),
		only: options.only,
		entries: options.entries.split(',').map(Number),
	};
}

async function measure(settings) {
	const machine = describeMachine(settings);
	const outcomes = [];
	printMachine(machine);
	for (const name of names) {
		const outcome = {name, ...(await benches[name].run(settings))};
		outcomes.push(outcome);
		printBench(outcome);
		// After each, so that who ends a long run early keeps what was measured.
		if (options.json !== undefined) {
			writeFileSync(options.json, `${JSON.stringify(toReport(machine, outcomes), undefined, '\t')}\n`);
		}
	}
}

function positive(name, text) {
	const value = Number(text);
	if (!(value > 0)) {
		throw new RangeError(`Expected a positive number for --${name}, got ${text}.`);
	}

	return value;
}
