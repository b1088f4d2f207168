// The functions of a proxy script that need no native code: those about dates and times, by Netscape's page as browsers read it.
(function (timeOfDay) {
    "use strict";
    const DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
    const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

    // The arguments without a last "GMT", and the moment by that clock or by the local one.
    function question(given) {
        const args = Array.from(given);
        const gmt = args.length > 0 && args[args.length - 1] === "GMT";
        if (gmt) args.pop();
        const now = new Date(timeOfDay());
        const moment = gmt
            ? { weekday: now.getUTCDay(), day: now.getUTCDate(), month: now.getUTCMonth(), year: now.getUTCFullYear(),
                time: [now.getUTCHours(), now.getUTCMinutes(), now.getUTCSeconds()] }
            : { weekday: now.getDay(), day: now.getDate(), month: now.getMonth(), year: now.getFullYear(),
                time: [now.getHours(), now.getMinutes(), now.getSeconds()] };
        return [args, moment];
    }

    // Is `at` within? A range that ends before it begins goes around midnight, Sunday or New Year.
    function within(from, at, to) {
        return from <= to ? from <= at && at <= to : at >= from || at <= to;
    }

    globalThis.weekdayRange = function weekdayRange() {
        const [args, moment] = question(arguments);
        const days = args.map((one) => DAYS.indexOf(String(one).toUpperCase()));
        if (days.length < 1 || days.length > 2 || days.includes(-1)) return false;
        return within(days[0], moment.weekday, days[days.length - 1]);
    };

    // What kind of number an argument is, and which.
    function part(arg) {
        if (typeof arg === "string" && isNaN(arg)) {
            const month = MONTHS.indexOf(arg.toUpperCase());
            return month < 0 ? null : ["month", month];
        }
        const number = Math.floor(Number(arg));
        if (!(number >= 1)) return null;
        return number <= 31 ? ["day", number] : ["year", number];
    }

    // The named parts of a date as one number, to compare by.
    function weigh(kinds, date) {
        const of = (kind) => (kinds.includes(kind) ? date[kind] : 0);
        return of("year") * 10000 + of("month") * 100 + of("day");
    }

    globalThis.dateRange = function dateRange() {
        const [args, moment] = question(arguments);
        const parts = args.map(part);
        if (parts.length < 1 || parts.length > 6 || parts.includes(null)) return false;
        const half = parts.length / 2;
        const kindsOf = (some) => some.map((one) => one[0]).sort().join();
        const isRange = parts.length % 2 === 0 && kindsOf(parts.slice(0, half)) === kindsOf(parts.slice(half));
        const first = isRange ? parts.slice(0, half) : parts;
        const last = isRange ? parts.slice(half) : parts;
        const kinds = first.map((one) => one[0]);
        if (new Set(kinds).size !== kinds.length) return false;
        const from = weigh(kinds, Object.fromEntries(first));
        const to = weigh(kinds, Object.fromEntries(last));
        const at = weigh(kinds, moment);
        return kinds.includes("year") ? from <= at && at <= to : within(from, at, to);
    };

    globalThis.timeRange = function timeRange() {
        const [args, moment] = question(arguments);
        const numbers = args.map(Number);
        if (numbers.some((one) => !(one >= 0 && one <= 60))) return false;
        const [hour, minute, second] = moment.time;
        const seconds = (h, m, s) => h * 3600 + m * 60 + s;
        const at = seconds(hour, minute, second);
        switch (numbers.length) {
            case 1: return hour === numbers[0];
            // As browsers read it: the whole of the last hour is within.
            case 2: return within(numbers[0], hour, numbers[1]);
            case 4: return within(seconds(numbers[0], numbers[1], 0), at, seconds(numbers[2], numbers[3], 59));
            case 6: return within(seconds(...numbers.slice(0, 3)), at, seconds(...numbers.slice(3)));
            default: return false;
        }
    };
})
