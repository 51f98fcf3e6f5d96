export function printMachine({node, openssl, libsrtp, cpu, cores, kernel, loadBefore}) {
	console.log(
		`node ${node}, OpenSSL ${openssl}, libsrtp ${libsrtp}, ${cpu}, ${cores} cores, Linux ${kernel}, load ${loadBefore.toFixed(1)}`,
	);
}

export function printBench({name, contenders, ratios, remarks = []}) {
	console.log(`\n${name}`);
	const rows = new Map();
	for (const contender of contenders) {
		for (const [metric, value] of Object.entries(contender.metrics)) {
			const [least, most] = contender.spread[metric];
			rows.set(metric, [
				...(rows.get(metric) ?? []),
				`${contender.name} ${figure(value)} (${figure(least)}–${figure(most)})`,
			]);
		}
	}

	for (const [metric, cells] of rows) {
		console.log(`  ${metric.padEnd(44)} ${cells.join('   ')}`);
	}

	for (const [ratio, value] of Object.entries(ratios)) {
		console.log(`  ${ratio.padEnd(60)} ${value.toFixed(2)}${ratio.includes('/rtpengine') ? '  *' : ''}`);
	}

	if (Object.keys(ratios).some((ratio) => ratio.includes('/rtpengine'))) {
		console.log("  * rtpengine's userspace path; operators on bare metal use its kernel module.");
	}

	for (const remark of remarks) {
		console.log(`  ${remark}`);
	}
}

function figure(value) {
	return Math.abs(value) >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(2);
}
