/** Stands beside every ratio to rtpengine. */
export const userspaceNote = 'its userspace path; operators on bare metal use its kernel module';

export function printMachine({node, openssl, libsrtp, rtpengine, cpu, cores, kernel, loadBefore, runs, seconds}) {
	console.log(
		`node ${node}, OpenSSL ${openssl}, libsrtp ${libsrtp}, rtpengine ${rtpengine}, ${cpu}, ${cores} cores, ` +
			`Linux ${kernel}, load ${loadBefore.toFixed(1)}; medians of ${runs} runs of ${seconds} s`,
	);
}

/** A line for each metric and case: `contender median (least–most)`, then the ratios. */
export function printBench({name, contenders, ratios, remarks = []}) {
	console.log(`\n${name}`);
	const metrics = new Set(contenders.flatMap((contender) => Object.keys(contender.metrics)));
	for (const metric of metrics) {
		const cells = contenders.filter((contender) => metric in contender.metrics).map((one) => cellOf(one, metric));
		const quotients = Object.entries(ratios).filter(([ratio]) => ratio.endsWith(` ${metric}`));
		console.log(`  ${metric.padEnd(44)} ${[...cells, ...quotients.map(describeRatio)].join('   ')}`);
	}

	for (const remark of remarks) {
		console.log(`  ${remark}`);
	}
}

function cellOf({name, metrics, spread}, metric) {
	const [least, most] = spread[metric];
	return `${name} ${figure(metrics[metric])} (${figure(least)}–${figure(most)})`.padEnd(32);
}

function describeRatio([ratio, value]) {
	const [quotient] = ratio.split(' ');
	const note = quotient === 'ours/rtpengine' ? ` [${userspaceNote}]` : '';
	return `${quotient} ${value.toFixed(2)}${note}`;
}

/** Three digits that count, or the whole number. */
export function figure(value) {
	return Math.abs(value) >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(2);
}
