use std::sync::{Arc, Mutex};

use indicatif::TermLike;

use super::*;

/// A screen that breaks a line where its last column is full and one more character comes, as terminals do.
#[derive(Clone, Debug)]
struct Screen(Arc<Mutex<Content>>);

#[derive(Debug)]
struct Content {
    cells: Vec<Vec<char>>,
    row: usize,
    column: usize,
}

impl Screen {
    fn new(columns: usize) -> Self {
        Self(Arc::new(Mutex::new(Content { cells: vec![vec![' '; columns]; 12], row: 0, column: 0 })))
    }

    fn bars(&self) -> Bars {
        let clear_below = |screen: &Self| {
            let mut content = screen.0.lock().unwrap();
            content.column = 0;
            let row = content.row;
            content.cells[row..].iter_mut().for_each(|row| row.fill(' '));
            Ok(())
        };
        Bars::on(Parked::new(self.clone(), clear_below).into_target())
    }

    fn lines(&self) -> Vec<String> {
        let content = self.0.lock().unwrap();
        let lines = content.cells.iter().map(|row| row.iter().collect::<String>().trim_end().to_owned());
        lines.filter(|line| !line.is_empty()).collect()
    }

    fn type_text(&self, text: &str) {
        let mut content = self.0.lock().unwrap();
        for character in text.chars() {
            match character {
                '\r' => content.column = 0,
                '\n' => content.row += 1,
                _ => {
                    if content.column == content.cells[0].len() {
                        (content.row, content.column) = (content.row + 1, 0);
                    }
                    let (row, column) = (content.row, content.column);
                    content.cells[row][column] = character;
                    content.column += 1;
                }
            }
        }
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        self.0.lock().unwrap().cells[0].len().try_into().unwrap()
    }

    fn move_cursor_up(&self, n: usize) -> std::io::Result<()> {
        self.0.lock().unwrap().row -= n;
        Ok(())
    }

    fn move_cursor_down(&self, n: usize) -> std::io::Result<()> {
        self.0.lock().unwrap().row += n;
        Ok(())
    }

    fn move_cursor_right(&self, _: usize) -> std::io::Result<()> {
        unreachable!("nothing is drawn within a line")
    }

    fn move_cursor_left(&self, _: usize) -> std::io::Result<()> {
        unreachable!("nothing is drawn within a line")
    }

    fn write_line(&self, s: &str) -> std::io::Result<()> {
        self.type_text(&format!("{s}\r\n"));
        Ok(())
    }

    fn write_str(&self, s: &str) -> std::io::Result<()> {
        self.type_text(s);
        Ok(())
    }

    fn clear_line(&self) -> std::io::Result<()> {
        let mut content = self.0.lock().unwrap();
        content.column = 0;
        let row = content.row;
        content.cells[row].fill(' ');
        Ok(())
    }

    fn flush(&self) -> std::io::Result<()> {
        Ok(())
    }
}

fn standing() -> Standing {
    Standing { settled: 1234, known: 5678, retries: 3, errors: 1, under_way: 2, next: None }
}

/// The figures of two drawings, far enough from each other for both to be drawn.
fn draw(bars: &Bars) {
    for _ in 0..2 {
        bars.show(&Tally::default(), &standing());
        bars.pages.force_draw();
        bars.wires.force_draw();
    }
}

#[test]
fn two_lines_at_any_width() {
    for columns in [24, 50, 80, 120] {
        let screen = Screen::new(columns);
        let bars = screen.bars();
        draw(&bars);
        let lines = screen.lines();
        assert_eq!(lines.len(), 2, "{columns}: {lines:#?}");
        assert!(lines[0].contains("1,2"), "{columns}: {lines:#?}");
    }
}

#[test]
fn an_echoed_ctrl_c_leaves_nothing_behind() {
    let screen = Screen::new(50);
    let bars = screen.bars();
    draw(&bars);
    screen.type_text("^C");
    draw(&bars);
    assert_eq!(screen.lines().len(), 2, "{:#?}", screen.lines());
    screen.type_text("^C");
    bars.take_away();
    draw(&bars);
    assert_eq!(screen.lines(), Vec::<String>::new());
}

#[test]
fn what_a_person_wants_to_know() {
    let now = Instant::now();
    let how_far = |standing| how_far(&standing, Duration::from_secs(100), now);
    assert_eq!(how_far(standing()), "1,234/5,678 URLs, 12/s, 00:01:40, 2 under way");
    let idle = Standing { settled: 123, under_way: 0, next: Some(now + Duration::from_millis(2100)), ..standing() };
    assert_eq!(how_far(idle), "123/5,678 URLs, 1.2/s, 00:01:40, next in 3 s");
    let short = Standing { next: Some(now + Duration::from_millis(900)), ..idle };
    assert_eq!(how_far(short), "123/5,678 URLs, 1.2/s, 00:01:40, waiting");

    let tally = Tally { connections: 2, requests: 1250, octets: 3 << 20, ..Tally::default() };
    let costs = "3.00 MiB, requests: 1,250, connections: 2, retries: 3, errors: 1";
    assert_eq!(what_it_costs(&tally, &standing()), costs);
}
