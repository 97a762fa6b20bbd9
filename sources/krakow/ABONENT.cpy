      * Subscribers: persons and firms.
       01  ABONENT-REC.
           05  ABON-NR             PIC 9(9).
           05  ABON-TYP            PIC X.
               88  OSOBA                   VALUE 'O'.
               88  FIRMA                   VALUE 'F'.
               88  INSTYTUCJA              VALUE 'I'.
           05  NAZWISKO-IMIE       PIC X(60).
           05  PESEL               PIC X(11).
           05  NIP                 PIC X(13).
           05  REGON               PIC X(9).
      *    Dates with packed digits are CYYMMDD: 0850101 is 1985-01-01.
           05  DATA-UR             PIC 9(7) COMP-3.
           05  DOWOD               PIC X(12).
           05  TELEFON             PIC X(24).
           05  STATUS-AB           PIC X.
           05  DATA-UMOWY          PIC 9(7) COMP-3.
           05  DATA-AKT            PIC 9(7) COMP-3.
           05  UWAGI               PIC X(30).
