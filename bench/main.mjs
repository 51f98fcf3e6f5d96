// npm run bench -- --list
// npm run bench -- NAME… [--json FILE] [--runs N] [--seconds S] [--calls N,N…] [--only TEXT]
//
// `--seconds` scales every bench, `--calls` and `--only` (a part of a protection's name) choose cases of `relay`.
//
// Each bench measures its contenders in turns and reports medians; ratios, never bare numbers, are what counts.
import {writeFileSync} from 'node:fs';
import {parseArgs} from 'node:util';
import * as crypto from './benches/crypto.mjs';
import * as memory from './benches/memory.mjs';
import * as relay from './benches/relay.mjs';
import {describeMachine} from './machinery/machine.mjs';
import {printBench, printMachine} from './machinery/print.mjs';

const benches = {crypto, relay, memory};

const {values: options, positionals: names} = parseArgs({
	allowPositionals: true,
	options: {
		list: {type: 'boolean', default: false},
		json: {type: 'string'},
		runs: {type: 'string', default: '5'},
		seconds: {type: 'string', default: '3'},
		calls: {type: 'string', default: '1,100,1000'},
		only: {type: 'string', default: ''},
	},
});

if (options.list) {
	for (const [name, {purpose}] of Object.entries(benches)) {
		console.log(`${name.padEnd(8)} ${purpose}`);
	}
} else {
	await measure();
}

async function measure() {
	const unknown = names.filter((name) => !Object.hasOwn(benches, name));
	const settings = {
		runs: positive('runs', options.runs),
		seconds: positive('seconds', options.seconds),
		calls: options.calls.split(',').map((count) => positive('calls', count)),
		only: options.only,
	};
	if (names.length === 0 || unknown.length > 0) {
		throw new RangeError(
			`Expected names among ${Object.keys(benches).join(', ')}, got ${unknown.join(', ') || 'none'}.`,
		);
	}

	const report = {machine: describeMachine(), runs: settings.runs, benches: []};
	printMachine(report.machine);
	for (const name of names) {
		const outcome = {name, ...(await benches[name].run(settings))};
		report.benches.push(outcome);
		printBench(outcome);
	}

	if (options.json !== undefined) {
		writeFileSync(options.json, `${JSON.stringify(report, undefined, '\t')}\n`);
	}
}

function positive(name, text) {
	const value = Number(text);
	if (!(value > 0)) {
		throw new RangeError(`Expected a positive number for --${name}, got ${text}.`);
	}

	return value;
}
