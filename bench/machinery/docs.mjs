// Writes the figures of a report into docs/bench.md, between marks, so that a new measurement is one command.
import {readFileSync, writeFileSync} from 'node:fs';
import {figure, userspaceNote} from './print.mjs';
import {saturatedSide} from './saturation.mjs';

const page = new URL('../../docs/bench.md', import.meta.url);
const marks = ['<!-- figures of a report: `npm run bench -- --docs FILE` -->', '<!-- end of the figures -->'];

/** Replaces what stands between the marks. Throws when the marks are not there. */
export function writeDocs(file) {
	const report = JSON.parse(readFileSync(file, 'utf8'));
	const text = readFileSync(page, 'utf8');
	const [start, end] = marks.map((mark) => text.indexOf(mark));
	if (start < 0 || end < start) {
		throw new Error(`Expected the marks of the figures in ${page.pathname}.`);
	}

	const figures = `${marks[0]}\n\n${renderReport(report)}\n\n`;
	writeFileSync(page, text.slice(0, start) + figures + text.slice(end));
}

/** A report as Markdown: the machine, then a table for each bench. */
export function renderReport({machine, benches}) {
	return [renderMachine(machine), ...benches.map(renderBench)].join('\n\n');
}

function renderMachine({node, openssl, libsrtp, rtpengine, cpu, cores, kernel, network, loadBefore, runs, seconds}) {
	return (
		`node ${node}, OpenSSL ${openssl}, libsrtp ${libsrtp}, rtpengine ${rtpengine}, ${cpu}, ${cores} cores, Linux ${kernel}, ` +
		`${network}. Medians of ${runs} runs of ${seconds} s, the least and the most in brackets; load average before: ${loadBefore.toFixed(1)}.`
	);
}

function renderBench({name, contenders, ratios}) {
	const cases = [...new Set(contenders.flatMap(({metrics}) => Object.keys(metrics).map(caseOf)))];
	const names = contenders.map((contender) => contender.name);
	const rows = cases.flatMap((caseName) =>
		(shownMetrics[name] ?? []).flatMap((metric) => rowOf({caseName, metric, contenders, ratios})),
	);
	const peers = names.filter((one) => one !== 'ours').map((one) => `ours/${one}`);
	return [
		`### ${name}`,
		'',
		...(names.includes('rtpengine') ? [`Ratios to rtpengine are to ${userspaceNote}.`, ''] : []),
		tableRow(['Case', 'Metric', ...names, ...peers]),
		tableRow(['---', '---', ...names.map(() => '---'), ...peers.map(() => '---')]),
		...rows,
	].join('\n');
}

const shownMetrics = {
	crypto: ['protectNs', 'unprotectNs'],
	relay: ['cpuUsPerPacket', 'latencyP50Us', 'latencyP99Us', 'lossPercent', 'packetsPerSecond', 'saturated'],
	capacity: ['packetsPerSecond', 'cpuUsPerPacket', 'relayCpuPercent', 'limitedByGenerator'],
	engine: ['cpuUs', 'wallUs'],
	memory: ['kibPerIdleCall', 'javascriptKib', 'nativeKib', 'cpuUsPerSetUpAndEnd', 'setUpsPerCpuSecond'],
};

/** One row, or none where nobody has the metric. */
function rowOf({caseName, metric, contenders, ratios}) {
	const cells = contenders.map((contender) =>
		metric === 'saturated' ? sideOf(contender, caseName) : cellOf(contender, `${metric} ${caseName}`),
	);
	if (cells.every((cell) => cell === '')) {
		return [];
	}

	const quotients = contenders
		.filter(({name}) => name !== 'ours')
		.map(({name}) => ratios[`ours/${name} ${metric} ${caseName}`]?.toFixed(2) ?? '');
	return [tableRow([caseName, metric, ...cells, ...quotients])];
}

function cellOf({metrics}, key) {
	return metrics[key] === undefined
		? ''
		: `${figure(metrics[key])} (${figure(metrics[`${key} least`])}–${figure(metrics[`${key} most`])})`;
}

function sideOf({metrics}, caseName) {
	const suffix = ` ${caseName}`;
	const own = Object.fromEntries(
		Object.entries(metrics)
			.filter(([key]) => key.endsWith(suffix))
			.map(([key, value]) => [key.slice(0, -suffix.length), value]),
	);
	return (Object.keys(own).length > 0 && !caseName.endsWith('flood') && saturatedSide(own)) || '';
}

/** The case in `METRIC CASE`, `METRIC CASE least` and `METRIC CASE most`. */
function caseOf(key) {
	return key.replace(/^\S+ /, '').replace(/ (least|most)$/, '');
}

function tableRow(cells) {
	return `| ${cells.join(' | ')} |`;
}
