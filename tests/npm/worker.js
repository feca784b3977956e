// Flowable's client for external workers against a running SynergyFlow: completes, fails and tries
// again, throws a BPMN error, and lets an exception in its handler fail the job.
//   node worker.js http://127.0.0.1:PORT
// Ends with 0 and the line "all as expected", or with 1 and what was found instead.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const {ExternalWorkerClient} = require('@flowable-oss/external-worker-client');

const host = process.argv[2];
const api = host + '/process-api';

async function call(method, url, body) {
    const answer = await fetch(url, {
        method,
        headers: body ? {'Content-Type': 'application/json'} : {},
        body: body ? JSON.stringify(body) : undefined,
    });
    const text = await answer.text();

    assert.ok(answer.ok, `${method} ${url}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
}

async function deploy() {
    const form = new FormData();
    const file = fs.readFileSync(path.join(__dirname, 'worker.bpmn20.xml'));

    form.append('file', new Blob([file]), 'worker.bpmn20.xml');
    const answer = await fetch(api + '/repository/deployments', {method: 'POST', body: form});
    assert.strictEqual(answer.status, 201, await answer.text());
}

async function start(kind) {
    const instance = await call('POST', api + '/runtime/process-instances', {
        processDefinitionKey: 'worker',
        variables: [{name: 'kind', value: kind}, {name: 'amount', value: 7}],
    });

    return instance.id;
}

// Asks until the instance has ended: a bounded number of times.
async function ended(id) {
    const url = `${api}/history/historic-process-instances?processInstanceId=${id}` +
        '&includeProcessVariables=true';

    for (let i = 0; i < 400; i++) {
        const instance = (await call('GET', url)).data[0];

        if (instance.endTime)
            return instance;
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`Expected instance ${id} to end, but it did not within 20 seconds.`);
}

function variable(instance, name) {
    return instance.variables.find((one) => one.name === name)?.value;
}

async function main() {
    await deploy();
    const completes = await start('complete');
    const fails = await start('fail');
    const throws = await start('error');
    const breaks = await start('break');
    const client = new ExternalWorkerClient({flowableHost: host, workerId: 'npm'});
    const seen = {};
    const subscriptions = [];

    function subscribe(topic, handler) {
        subscriptions.push(client.subscribe({
            topic,
            lockDuration: 'PT1M',
            waitPeriodSeconds: 1,
            numberOfTasks: 5,
            callbackHandler(job, result) {
                seen[topic] = (seen[topic] || 0) + 1;
                assert.strictEqual(job.lockOwner, 'npm');
                return handler(job, result);
            },
        }));
    }

    subscribe('complete', (job, result) => {
        const amount = job.variables.find((one) => one.name === 'amount').value;

        assert.strictEqual(job.elementId, 'do_complete');
        return result.success().variable('doubled', amount * 2, 'integer');
    });
    subscribe('fail', (job, result) =>
        seen.fail === 1
            ? result.failure().errorMessage('no line').errorDetails('at all').retries(2)
            : result.success());
    subscribe('error', (job, result) =>
        result.bpmnError().errorCode('REFUSED').variable('why', 'no money', 'string'));
    subscribe('break', () => {
        if (seen.break === 1)
            throw new Error('a handler that breaks');
    });

    const completed = await ended(completes);
    assert.strictEqual(completed.endActivityId, 'done');
    assert.strictEqual(variable(completed, 'doubled'), 14);
    assert.strictEqual((await ended(fails)).endActivityId, 'done');
    assert.strictEqual(seen.fail, 2);
    const refused = await ended(throws);
    assert.strictEqual(refused.endActivityId, 'refused');
    assert.strictEqual(variable(refused, 'why'), 'no money');
    assert.strictEqual((await ended(breaks)).endActivityId, 'done');
    assert.strictEqual(seen.break, 2);
    subscriptions.forEach((one) => one.unsubscribe());
    console.log('all as expected');
}

main().catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
}).finally(() => process.exit());
